import { useState } from "preact/hooks";
import type { SeenEvent, SeenField } from "../../protocol/observe.ts";
import { offeredEvents } from "./offered-events.ts";
import { Field } from "./field.tsx";
import { Plain } from "./plain.tsx";

interface EventPickerProps {
  events: readonly SeenEvent[];
  chosen: string;
  fault: string | undefined;
  onChoose: (event: SeenEvent) => void;
}

/** The events that were seen, the most frequent first, as one group of radio buttons; and those that were not, by name. */
export function EventPicker({ events, chosen, fault, onChoose }: EventPickerProps) {
  const [wanted, setWanted] = useState("");
  const most = Math.max(1, ...events.map(({ count }) => count));
  const offered = offeredEvents(events, wanted, chosen);
  return (
    <>
      <Field label="Find an event, or name one that comes rarely" fault={fault}>
        {(control) => (
          <input
            {...control}
            class="input"
            type="search"
            autocomplete="off"
            spellcheck={false}
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              const [first] = offered;
              if (wanted.trim() !== "" && first !== undefined) onChoose(first);
            }}
          />
        )}
      </Field>
      <fieldset class="events">
        <legend class="field-label">Events seen just now</legend>
        {offered.map((event) => (
          <label key={event.name} class="event" style={{ "--share": event.count / most }}>
            <input
              type="radio"
              name="event"
              class="event-radio"
              checked={event.name === chosen}
              onChange={() => onChoose(event)}
            />
            <span class="event-name">
              <Plain text={event.name} />
            </span>
            <span class="event-fields">
              {event.count === 0 ? "has not come lately" : <Plain text={fieldNames(event.fields)} />}
            </span>
            <span class="event-count">{event.count}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
}

function fieldNames(fields: readonly SeenField[]): string {
  const names = fields.filter(({ name }) => name !== "id").map(({ name }) => name);
  return names.length === 0 ? "no fields" : names.slice(0, 6).join(", ") + (names.length > 6 ? " …" : "");
}
