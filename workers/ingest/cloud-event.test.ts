import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HOSTILE_JSON, isPolluted } from "../../test/helpers/hostile-json.ts";
import { cloudEventAttributes, fromCloudEvent, isCloudEvent } from "./cloud-event.ts";
import { parseBatch } from "./parse-batch.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12);
const CLOUD_EVENT = { specversion: "1.0", id: "1", source: "/shop", type: "click" };

const parse = (text: string, headers?: [string, string][]) =>
  parseBatch(text, {
    receivedMs: NOW_MS,
    futureLimitMs: 5_000,
    sentAt: undefined,
    isAscii: false,
    cloudEvent: headers && cloudEventAttributes(new Headers(headers)),
  });

const eventOf = (text: string, headers?: [string, string][]) => {
  const { parts, rejected } = parse(text, headers);
  expect(rejected).toEqual([]);
  return JSON.parse(parts[0]?.text ?? "") as unknown;
};

describe("[I1] a CloudEvent", () => {
  // As the npm package cloudevents 10.0.0 sends them.
  const structured =
    '{"id":"543e4f91-b905-4af6-bbcb-37d352120b1b","time":"2026-11-01T12:00:00.000Z","type":"click","source":"/shop","specversion":"1.0","subject":"u1","data":{"value":3,"campaign":"é"},"ext1":"x"}';
  const headers: [string, string][] = [
    ["content-type", "application/json; charset=utf-8"],
    ["ce-id", "543e4f91-b905-4af6-bbcb-37d352120b1b"],
    ["ce-time", "2026-11-01T12:00:00.000Z"],
    ["ce-type", "click"],
    ["ce-source", "/shop"],
    ["ce-specversion", "1.0"],
    ["ce-subject", "u1"],
    ["ce-ext1", "x"],
  ];
  const wanted = {
    name: "click",
    ts: NOW_MS,
    id: "/shop#543e4f91-b905-4af6-bbcb-37d352120b1b",
    value: 3,
    props: { source: "/shop", subject: "u1", ext1: "x", campaign: "é" },
  };

  it("[I1] in structured mode", () => expect(eventOf(structured)).toEqual(wanted));
  it("[I1] in binary mode", () => expect(eventOf('{"value":3,"campaign":"é"}', headers)).toEqual(wanted));

  it("[I1] in a batch, beside events of ours", () => {
    const batch = parse(`[${structured},{"name":"click"},${structured}]`);
    expect(batch).toMatchObject({ accepted: 3, rejected: [] });
  });

  it.each<[string, unknown, object]>([
    ["no data", undefined, {}],
    ["a number", 7.5, { value: 7.5 }],
    ["a text", "paid", { props: { source: "/shop", data: "paid" } }],
    ["a list", [1, 2], {}],
    ["null", null, {}],
    ["a user", { user: "u", value: "5" }, { user: "u", props: { source: "/shop", value: "5" } }],
    [
      "nested members",
      { a: 1, b: { c: 2 }, d: [3], e: null, f: false },
      { props: { source: "/shop", a: 1, f: false } },
    ],
    [
      "members named as attributes",
      { source: "mine", id: "other" },
      { props: { source: "mine", id: "other" } },
    ],
  ])("[I1] with %s as data", (_, data, change) => {
    const base = { name: "click", ts: NOW_MS, id: "/shop#1", props: { source: "/shop" } };
    expect(eventOf(JSON.stringify({ ...CLOUD_EVENT, data }))).toEqual({ ...base, ...change });
  });

  it("[I1] in binary mode the data need not be JSON, and need not be there", () => {
    const bare = headers.filter(([name]) => /specversion|id$|source|type/.test(name));
    expect(eventOf("not JSON", bare)).toMatchObject({ props: { source: "/shop", data: "not JSON" } });
    expect(eventOf("", bare)).toMatchObject({ name: "click", props: { source: "/shop" } });
    expect(
      eventOf("[1]", [...bare, ["ce-subject", "caf%C3%A9 50%"], ["ce-note", "%E2%82%AC"]]),
    ).toMatchObject({
      props: { subject: "caf%C3%A9 50%", note: "€" },
    });
  });

  it("[I3] has the id of its source: two sources may both count from one", () => {
    const idOf = (source: string, id = "1") => {
      const { ids } = parse(JSON.stringify({ ...CLOUD_EVENT, source, id }));
      return ids?.[0];
    };
    const long = `https://${"x".repeat(200)}`;
    const ids = [idOf("/a"), idOf("/b"), idOf("/a", "2"), idOf(`${long}1`), idOf(`${long}2`)];
    expect(new Set(ids).size).toBe(5);
    expect(ids[3]).toMatch(/^[0-9a-f]{16}#1$/);
    expect(idOf(`${long}1`)).toBe(ids[3]);
  });
});

describe("[I5] a CloudEvent that is refused", () => {
  it.each<[object, string, string]>([
    [{ specversion: "0.3" }, "cloudevent", 'specversion is "0.3"; expected "1.0"'],
    [{ specversion: 1 }, "cloudevent", 'specversion is 1; expected "1.0"'],
    [{ id: undefined }, "cloudevent", "the CloudEvent's id is nothing; expected a non-empty string"],
    [{ source: "" }, "cloudevent", 'the CloudEvent\'s source is ""; expected a non-empty string'],
    [{ type: 5 }, "cloudevent", "the CloudEvent's type is 5; expected a non-empty string"],
    [{ type: "t".repeat(129) }, "name", "name has 129 bytes; the bound is 128"],
    [{ id: "i".repeat(120) + "long" }, "id", "bytes; the bound is 128"],
    [{ time: "soon" }, "ts", 'ts is "soon"; expected epoch'],
    [{ time: "2026-11-02T00:00:00Z" }, "future", "ts lies 43200000 ms in the future"],
    [{ data: { a: "x".repeat(1_025) } }, "props", "the prop 'a' has 1025 bytes; the bound is 1024"],
    [
      { data: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, i])) },
      "props",
      "props has 65 entries",
    ],
  ])("[I5] %j", (change, reason, message) => {
    const { accepted, rejected } = parse(JSON.stringify({ ...CLOUD_EVENT, ...change }));
    expect(accepted).toBe(0);
    expect(rejected[0]?.reason).toBe(reason);
    expect(rejected[0]?.message).toContain(message);
  });

  it.each(HOSTILE_JSON)("[I5] hostile in any place: %s", (_, text) => {
    for (const place of [
      "specversion",
      "id",
      "source",
      "type",
      "time",
      "data",
      "subject",
      "ext",
      "__proto__",
    ]) {
      const body = `[${JSON.stringify(CLOUD_EVENT).slice(0, -1)},"${place}":${text}}]`;
      const { accepted, rejected } = parse(body);
      expect(accepted + rejected.length).toBe(1);
    }
    expect(isPolluted()).toBe(false);
  });

  it("[I5] headers may not reach the prototype", () => {
    const headers = Object.entries(CLOUD_EVENT).map(([name, value]): [string, string] => [
      `ce-${name}`,
      value,
    ]);
    const { rejected } = parse("{}", [...headers, ["ce-__proto__", "x"]]);
    expect(rejected[0]?.message).toBe("props holds the key '__proto__', which is not allowed");
  });

  it("[I5] any JSON is told from one, and any one becomes an event or a reason", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (raw, more) => {
        expect(isCloudEvent(raw)).toBe(
          typeof raw === "object" && raw !== null && Object.hasOwn(raw, "specversion"),
        );
        expect(typeof fromCloudEvent({ ...more, ...CLOUD_EVENT }).ok).toBe("boolean");
        expect(typeof fromCloudEvent({ ...CLOUD_EVENT, ...more, specversion: "1.0" }).ok).toBe("boolean");
      }),
    );
  });
});
