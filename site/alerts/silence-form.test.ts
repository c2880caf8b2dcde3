import { describe, expect, it } from "vitest";
import type { Silence } from "../../protocol/silence.ts";
import { knownSilence, silenceFormOf, silenceWishOf } from "./silence-form.ts";

const form = { length: "2h", until: "", groups: "", comment: " deploy " };

describe("[A1] the form of a silence", () => {
  it("[A1] asks for a length, by the server's clock, or for a time of the visitor's zone", () => {
    expect(silenceWishOf("many", form).wish).toEqual({ alert: "many", comment: "deploy", for: "2h" });
    const until = silenceWishOf("many", { ...form, length: "until", until: "2026-11-25T14:30" });
    expect(until).toMatchObject({ wish: { until: new Date(2026, 10, 25, 14, 30).toISOString() } });
    expect(until.wish).not.toHaveProperty("for");
  });

  it("[A1] tells what cannot be read", () => {
    expect(silenceWishOf("many", { ...form, groups: "autumn" }).groupsFault).toContain(
      "'autumn' is no group",
    );
    expect(silenceWishOf("many", { ...form, length: "until" }).untilFault).toBe("Choose a day and a time.");
  });

  it("[A1] knows the silence of the same groups, and keeps its comment", () => {
    const groups = [{ site: "a" }];
    const silence = { alert: "many", createdAt: 1, until: 2 };
    const silences: Silence[] = [
      { ...silence, id: "1", comment: "all" },
      { ...silence, id: "2", comment: "some", groups },
    ];
    expect(knownSilence({ alert: "many" }, silences)?.id).toBe("1");
    expect(knownSilence({ alert: "many", groups }, silences)?.id).toBe("2");
    expect(knownSilence({ alert: "other", groups }, silences)).toBeUndefined();
    expect(silenceFormOf({ alert: "many", groups }, silences[1])).toMatchObject({
      groups: "site: a",
      comment: "some",
    });
  });
});
