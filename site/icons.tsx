/** A line drawing of 16 pixels in the text's colour, from its path data; what it means is said beside it. */
export function PathIcon({ d }: { d: string }) {
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
      <path d={d} />
    </svg>
  );
}

export const PauseIcon = () => <PathIcon d="M5.500 3.500v9M10.500 3.500v9" />;
export const PlayIcon = () => <PathIcon d="M5 3.500v9l7-4.500z" />;
export const NowIcon = () => <PathIcon d="M3 3.500v9l6-4.500zM12.500 3.500v9" />;
export const ClockIcon = () => (
  <PathIcon d="M8 2.250a5.750 5.750 0 1 1 0 11.500a5.750 5.750 0 0 1 0-11.500zM8 5v3.200l2.200 1.300" />
);
export const ChevronIcon = () => <PathIcon d="M4.500 6.500 8 10l3.500-3.500" />;
export const MoreIcon = () => <PathIcon d="M3.500 8h.01M8 8h.01M12.500 8h.01" />;

export const SunIcon = () => (
  <PathIcon d="M8 5.250a2.750 2.750 0 1 1 0 5.500a2.750 2.750 0 0 1 0-5.500zM8 1.500v1.250M8 13.250v1.250M1.500 8h1.250M13.250 8h1.250M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9" />
);
export const MoonIcon = () => (
  <PathIcon d="M13.250 9.700A5.500 5.500 0 0 1 6.300 2.750a5.500 5.500 0 1 0 6.950 6.950z" />
);

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
