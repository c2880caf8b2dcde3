const PLACES = words(
  "Evening City Bay Metro Global West Morning Delta Harbor Capital Alpine River Coast East Lake Isle Hill",
);
const KINDS = words(
  "Herald News Star Gazette Echo Courier Press Daily Mirror Post Ledger Digest Times Wire Sun Page",
);

/** More sites than a ranking of eight counts exactly. */
export const SITE_COUNT = PLACES.length * KINDS.length;

/** The name of a site, by its number: 17 and 16 words have no common divisor, so that each pair comes once. */
export function siteName(site: number): string {
  return `${PLACES[site % PLACES.length]} ${KINDS[site % KINDS.length]}`;
}

function words(text: string): string[] {
  return text.split(" ");
}
