import { Field } from "../build/field.tsx";

interface GroupsTextProps {
  hint: string;
  fault: string | undefined;
  /** As `group-text.ts` reads it. */
  value: string;
  onChange: (value: string) => void;
}

/** A field for groups, one a line. */
export function GroupsText({ hint, fault, value, onChange }: GroupsTextProps) {
  return (
    <Field label="Groups" hint={hint} fault={fault}>
      {(control) => (
        <textarea
          {...control}
          class="input"
          rows={2}
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
