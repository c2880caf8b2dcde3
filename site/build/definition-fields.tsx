import { useState } from "preact/hooks";
import type { SeenEvent } from "../../protocol/observe.ts";
import { SelectField, TextField } from "./field.tsx";
import { whereExample } from "./where-help.ts";
import { AGGREGATES, takes } from "./offered-aggregates.ts";
import { fieldsFor, groupFields, type PanelForm, withFittingField, withoutNumbers } from "./panel-form.ts";

interface DefinitionProps {
  form: PanelForm;
  setForm: (change: (before: PanelForm) => PanelForm) => void;
  set: (change: Partial<PanelForm>) => void;
  event: SeenEvent | undefined;
  /** Nobody knows the event's fields: they are typed. */
  isUnseen: boolean;
  faultAt: (field: keyof PanelForm) => string | undefined;
}

const WINDOWS = [
  { value: "tumbling", label: "One after the other" },
  { value: "sliding", label: "Sliding" },
  { value: "session", label: "Sessions of a user" },
];

/** What is computed of the events. */
export function Definition({ form, setForm, set, event, isUnseen, faultAt }: DefinitionProps) {
  const fields = fieldsFor(form, event).map((name) => ({ value: name, label: name }));
  const options: { value: string; label: string }[] = AGGREGATES.map(({ fn, label }) => {
    return { value: fn, label };
  });
  const isOffered = options.some(({ value }) => value === form.aggregate);
  const all = isOffered ? options : [...options, { value: form.aggregate, label: form.aggregate }];
  const wrong = faultAt("where");
  const hasField = fields.length > 0 || form.field !== "" || faultAt("field") !== undefined;
  return (
    <>
      <div class="field-row">
        <SelectField
          label="Show"
          value={form.aggregate}
          fault={faultAt("aggregate")}
          options={all}
          onChange={(aggregate) => setForm((before) => withFittingField(before, { aggregate }, event))}
        />
        {isUnseen && fields.length === 0 && takes(form.aggregate) !== "nothing" ? (
          <TextField
            label="Of"
            value={form.field}
            fault={faultAt("field")}
            onChange={(field) => set({ field })}
          />
        ) : (
          hasField && (
            <SelectField
              label="Of"
              value={form.field}
              fault={faultAt("field") && (withoutNumbers(form, event) ?? faultAt("field"))}
              options={
                fields.length > 0 ? fields : [{ value: form.field, label: form.field || "no such field" }]
              }
              onChange={(field) => set({ field })}
            />
          )
        )}
      </div>
      <div class="field-row">
        <SelectField
          label="Windows"
          value={form.windowType}
          fault={faultAt("windowType")}
          options={WINDOWS}
          onChange={(type) => {
            const windowType = type as PanelForm["windowType"];
            setForm((before) => withFittingField(before, { windowType }, event));
          }}
        />
        <TextField
          label={form.windowType === "session" ? "End after silence of" : "Of length"}
          value={form.size}
          fault={faultAt("size")}
          onChange={(size) => set({ size })}
        />
        {form.windowType !== "tumbling" && (
          <TextField
            label="Every"
            value={form.every}
            fault={faultAt("every")}
            onChange={(every) => set({ every })}
          />
        )}
      </div>
      {isUnseen ? (
        <NamedGrouping key={form.event} form={form} set={set} fault={faultAt("groupBy")} />
      ) : (
        <Grouping form={form} set={set} event={event} fault={faultAt("groupBy")} />
      )}
      <TextField
        label="Only where"
        code
        value={form.where}
        placeholder={whereExample(event)}
        fault={wrong}
        onChange={(where) => set({ where })}
      />
    </>
  );
}

function Grouping({
  form,
  set,
  event,
  fault,
}: Omit<DefinitionProps, "setForm" | "faultAt" | "isUnseen"> & { fault: string | undefined }) {
  const names = [...new Set([...groupFields(event).map(({ name }) => name), ...form.groupBy])];
  if (names.length === 0) return null;
  const toggle = (name: string): void => {
    const without = form.groupBy.filter((each) => each !== name);
    set({ groupBy: without.length < form.groupBy.length ? without : [...form.groupBy, name] });
  };
  return (
    <fieldset class="groups">
      <legend class="field-label">One series for each</legend>
      <div class="chips">
        {names.map((name) => (
          <label key={name} class="chip">
            <input type="checkbox" checked={form.groupBy.includes(name)} onChange={() => toggle(name)} />
            <span>{name}</span>
          </label>
        ))}
      </div>
      {fault !== undefined && <p class="fault">{fault}</p>}
    </fieldset>
  );
}

/** Of an event whose fields nobody knows. What is typed stays as it is: a comma is nothing yet. */
function NamedGrouping({
  form,
  set,
  fault,
}: Pick<DefinitionProps, "form" | "set"> & { fault: string | undefined }) {
  const [text, setText] = useState(form.groupBy.join(", "));
  return (
    <TextField
      label="One series for each"
      value={text}
      placeholder="country, device"
      fault={fault}
      onChange={(next) => {
        setText(next);
        const names = next.split(",").map((name) => name.trim());
        set({ groupBy: [...new Set(names)].filter((name) => name !== "") });
      }}
    />
  );
}
