import type { ComponentChildren } from "preact";

/** A line drawing of 16 pixels in the text's colour; what it means is said beside it. */
function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

/** An icon from its path data. */
export function PathIcon({ d }: { d: string }) {
  return (
    <Icon>
      <path d={d} />
    </Icon>
  );
}

export function PauseIcon() {
  return (
    <Icon>
      <path d="M5.500 3.500v9M10.500 3.500v9" />
    </Icon>
  );
}

export function PlayIcon() {
  return (
    <Icon>
      <path d="M5 3.500v9l7-4.500z" />
    </Icon>
  );
}

export function SunIcon() {
  return (
    <Icon>
      <circle cx="8" cy="8" r="2.750" />
      <path d="M8 1.500v1.250M8 13.250v1.250M1.500 8h1.250M13.250 8h1.250M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9" />
    </Icon>
  );
}

export function MoonIcon() {
  return (
    <Icon>
      <path d="M13.250 9.700A5.500 5.500 0 0 1 6.300 2.750a5.500 5.500 0 1 0 6.950 6.950z" />
    </Icon>
  );
}

/** The brand: a wave that runs off to the right. */
export function WaveIcon() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path
        d="M5 20c3.500 0 3.500-8 7.300-8s3.700 8 7.400 8 3.700-8 7.300-8"
        fill="none"
        stroke="#fff"
        stroke-width="3"
        stroke-linecap="round"
      />
    </svg>
  );
}
