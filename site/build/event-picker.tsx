import type { SeenEvent, SeenField } from "../../protocol/observe.ts";
import { Plain } from "./plain.tsx";

interface EventPickerProps {
  events: readonly SeenEvent[];
  chosen: string;
  onChoose: (event: SeenEvent) => void;
}

/** The events that were seen, the most frequent first, as one group of radio buttons. */
export function EventPicker({ events, chosen, onChoose }: EventPickerProps) {
  const most = Math.max(1, ...events.map(({ count }) => count));
  return (
    <fieldset class="events">
      <legend class="field-label">Events seen just now</legend>
      {events.map((event) => (
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
            <Plain text={fieldNames(event.fields)} />
          </span>
          <span class="event-count">{event.count}</span>
        </label>
      ))}
    </fieldset>
  );
}

function fieldNames(fields: readonly SeenField[]): string {
  const names = fields.filter(({ name }) => name !== "id").map(({ name }) => name);
  return names.length === 0 ? "no fields" : names.slice(0, 6).join(", ") + (names.length > 6 ? " …" : "");
}
