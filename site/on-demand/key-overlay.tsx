import type { Catalog } from "../api.ts";
import { useState } from "preact/hooks";
import { DialogFrame } from "./dialog.tsx";
import { areKeysOn, switchKeys } from "../panels/panel-commands.ts";
import { HEADER_ACTIONS, offered, PANEL_ACTIONS } from "../slots.ts";

/** The keys, for people. */
const KEY_HELP: readonly (readonly [
  section: string,
  keys: readonly (readonly [keys: string, does: string])[],
])[] = [
  [
    "Time",
    [
      ["Space", "Pause, or go on"],
      ["N", "Back to now"],
      ["R", "Choose a range"],
      ["[ ]", "Earlier, later"],
      ["+ −", "Zoom in, out"],
    ],
  ],
  [
    "Panels",
    [
      ["J K", "Next, previous panel"],
      ["V", "As a table, or as a chart"],
      ["F", "Enlarge, or back"],
      ["M", "The panel’s menu"],
      ["C I", "Download CSV, image"],
    ],
  ],
  [
    "In a chart",
    [
      ["← →", "Move the cursor"],
      ["PgUp PgDn", "By ten points"],
      ["Home End", "First, newest point"],
      ["Esc", "Put the cursor away"],
    ],
  ],
  [
    "While a dashboard is edited",
    [
      ["Ctrl Z", "Undo"],
      ["Ctrl ⇧ Z", "Redo"],
      ["← ↑ → ↓", "Move or size, on a panel’s handle"],
      ["Esc", "Let go of what is dragged"],
    ],
  ],
  [
    "Page",
    [
      ["1 – 9", "Go to a dashboard"],
      ["D", "Dark or light"],
      ["W", "Wall screen, or back"],
      ["?", "This list"],
    ],
  ],
];

/** The list of keys, and what the marks on charts mean. */
export function KeyOverlay({ catalog, onClose }: { catalog: Catalog; onClose: () => void }) {
  const [on, setOn] = useState(areKeysOn);
  const more = offered([...HEADER_ACTIONS, ...PANEL_ACTIONS], catalog).flatMap(({ key, label }) =>
    key === undefined ? [] : [[key.toUpperCase(), label] as const],
  );
  const sections = more.length === 0 ? KEY_HELP : [...KEY_HELP, ["More", more] as const];
  return (
    <DialogFrame title="Keys" onClose={onClose}>
      <div class="keys">
        {sections.map(([section, keys]) => (
          <section key={section}>
            <h3 class="keys-section">{section}</h3>
            <dl class="keys-list">
              {keys.map(([names, does]) => (
                <div key={names} class="keys-row">
                  <dt>
                    {names.split(" ").map((name) => (
                      <kbd key={name}>{name}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="keys-note">
        In charts a dashed line or a hollow bar is provisional: its window is still open. A ring, or a line on
        top of a bar, marks a value that a late event has revised. Drag to zoom, with Shift to pan; Ctrl and
        the wheel zoom.
      </p>
      <label class="keys-switch">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            switchKeys(event.currentTarget.checked);
            setOn(event.currentTarget.checked);
          }}
        />
        Single keys are commands
      </label>
    </DialogFrame>
  );
}
