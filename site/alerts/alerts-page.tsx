import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { AlertsAnswer, AlertSource } from "../../protocol/alert.ts";
import { closeTo } from "../build/close-form.ts";
import { ownKey } from "../build/own-key.tsx";
import { useStore } from "../hooks.ts";
import { followLink } from "../route.ts";
import type { PageProps } from "../slots.ts";
import { AlertHistory } from "./alert-history.tsx";
import { AlertList } from "./alert-list.tsx";
import { AlertRequests } from "./alert-requests.ts";
import { RuleEditor } from "./rule-editor.tsx";
import { SilenceDialog } from "./silence-dialog.tsx";
import type { SilenceTarget } from "./silence-form.ts";
import { SilenceList } from "./silence-list.tsx";
import { SigningSecret } from "./signing-secret.tsx";
import "../styles/form.css";
import "./alerts.css";

const POLL_MS = 5_000;

interface Known {
  rules?: AlertSource[];
  standing?: AlertsAnswer;
  fault?: string;
}

/** `#/alerts`: how the rules stand. `#/alerts/new`: another one. `#/alerts/rule/{name}`: that one. */
export function AlertsPage({ rest, readKey, catalog }: PageProps) {
  const key = useStore(ownKey) ?? readKey;
  const requests = useMemo(() => new AlertRequests(key), [key]);
  const [attempt, setAttempt] = useState(0);
  const known = useKnown(requests, attempt);
  const [silencing, setSilencing] = useState<SilenceTarget>();
  const [what, name = ""] = rest;
  const again = (): void => setAttempt((count) => count + 1);
  const back = (): void => {
    again();
    closeTo("#/alerts");
  };
  const existing = known.rules?.find((rule) => rule.name === name);
  const groupByOf = ({ alert }: SilenceTarget): readonly string[] =>
    catalog.metrics.get(known.rules?.find((rule) => rule.name === alert)?.metric ?? "")?.groupBy ?? [];
  // As it was when its form was opened: somebody else may remove it meanwhile.
  const opened = useRef<AlertSource | undefined>(undefined);
  if (opened.current?.name !== name) opened.current = existing;
  const isEditing = what === "new" || what === "rule";
  return (
    <main class="page alerts">
      <div class="page-head">
        <h1 class="page-title">
          {what === "new" ? "New alert" : what === "rule" ? `Alert ${name}` : "Alerts"}
        </h1>
        <div class="page-tools">
          {isEditing ? (
            <PageLink href="#/alerts">All alerts</PageLink>
          ) : (
            <PageLink href="#/alerts/new" primary>
              New alert
            </PageLink>
          )}
        </div>
      </div>
      {known.fault !== undefined && (
        <p class="fault" role="alert">
          {known.fault}
        </p>
      )}
      {isEditing ? (
        known.rules !== undefined &&
        (what === "rule" && opened.current === undefined ? (
          <p class="alerts-note">There is no alert of this name.</p>
        ) : (
          <RuleEditor
            key={what === "new" ? "" : name}
            rule={opened.current}
            metrics={catalog.metrics}
            requests={requests}
            onDone={back}
          />
        ))
      ) : (
        <>
          <AlertList rules={known.rules} standing={known.standing} onSilence={setSilencing} />
          <SilenceList silences={known.standing?.silences} requests={requests} onLifted={again} />
          <AlertHistory key={key} standing={known.standing} requests={requests} onSilence={setSilencing} />
          <SigningSecret requests={requests} />
        </>
      )}
      {silencing !== undefined && (
        <SilenceDialog
          target={silencing}
          groupBy={groupByOf(silencing)}
          silences={known.standing?.silences ?? []}
          requests={requests}
          onClose={() => setSilencing(undefined)}
          onDone={() => {
            setSilencing(undefined);
            again();
          }}
        />
      )}
    </main>
  );
}

function PageLink({ href, primary, children }: { href: string; primary?: boolean; children: string }) {
  return (
    <a
      class={`button ${primary === true ? "button-primary" : ""}`}
      href={href}
      onClick={(event) => followLink(event, href)}
    >
      {children}
    </a>
  );
}

/** The rules and how they stand, asked for again every few seconds. */
function useKnown(requests: AlertRequests, attempt: number): Known {
  const [known, setKnown] = useState<Known>({});
  useEffect(() => {
    let current = true;
    const load = async (): Promise<void> => {
      const next = await knownTo(requests);
      if (current) setKnown((before) => (next.fault === undefined ? next : { ...before, ...next }));
    };
    void load();
    const timer = setInterval(() => void load(), POLL_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [requests, attempt]);
  return known;
}

async function knownTo(requests: AlertRequests): Promise<Known> {
  try {
    const [rules, standing] = await Promise.all([requests.rules(), requests.standing({ from: "now-1d" })]);
    return { rules, standing };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
