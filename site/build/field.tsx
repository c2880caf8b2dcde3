import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** What a field's control is given, so that its label, hint and fault belong to it. */
export interface ControlProps {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

interface FieldProps {
  label: string;
  hint?: string | undefined;
  fault?: string | undefined;
  children: (control: ControlProps) => ComponentChildren;
}

/** A control with its label, and what is wrong with it right below. */
export function Field({ label, hint, fault, children }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = fault ?? hint;
  const described = note === undefined ? undefined : noteId;
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {children({ id, "aria-invalid": fault !== undefined, "aria-describedby": described })}
      {note !== undefined && (
        <p
          class={fault === undefined ? "field-hint" : "fault"}
          id={noteId}
          role={fault === undefined ? undefined : "alert"}
        >
          {note}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends Omit<FieldProps, "children"> {
  value: string;
  placeholder?: string;
  code?: boolean;
  onChange: (value: string) => void;
}

export function TextField({ value, placeholder, code = false, onChange, ...field }: TextFieldProps) {
  return (
    <Field {...field}>
      {(control) => (
        <input
          {...control}
          class={`input ${code ? "input-code" : ""}`}
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={value}
          placeholder={placeholder}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps extends Omit<FieldProps, "children"> {
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}

export function SelectField({ value, options, onChange, ...field }: SelectFieldProps) {
  return (
    <Field {...field}>
      {(control) => (
        <select
          {...control}
          class="input select"
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
