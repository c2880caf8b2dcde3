import type { Event, PropValue } from "../../protocol/event.ts";
import { bell, poisson, weighted } from "./randomness.ts";
import { burst, dayRhythm, wave } from "./rhythm.ts";
import { SITE_COUNT, siteName } from "./sites.ts";

interface Campaign {
  campaign: string;
  weight: number;
  /** Dollars bid for an impression, of a thousand. */
  bid: number;
  clickRate: number;
  /** Share of clicks that end in a sale. */
  saleRate: number;
}

const CAMPAIGNS: readonly Campaign[] = [
  { campaign: "spring-sale", weight: 26, bid: 4.2, clickRate: 0.19, saleRate: 0.26 },
  { campaign: "trail-runner", weight: 20, bid: 3.1, clickRate: 0.22, saleRate: 0.17 },
  { campaign: "night-flights", weight: 16, bid: 5.6, clickRate: 0.14, saleRate: 0.06 },
  { campaign: "oat-milk", weight: 13, bid: 2.4, clickRate: 0.25, saleRate: 0.21 },
  { campaign: "city-bikes", weight: 10, bid: 3.7, clickRate: 0.16, saleRate: 0.11 },
  { campaign: "learn-piano", weight: 7, bid: 1.9, clickRate: 0.28, saleRate: 0.14 },
];

const COUNTRIES = [
  { weight: 38, country: "US", utcOffset: -6 },
  { weight: 21, country: "DE", utcOffset: 1 },
  { weight: 16, country: "GB", utcOffset: 0 },
  { weight: 14, country: "IN", utcOffset: 5.5 },
  { weight: 11, country: "JP", utcOffset: 9 },
] as const;

const PLACEMENTS = { feed: 5, search: 3, video: 2 };
const DEVICES = { phone: 6, desktop: 3, tablet: 1 };

const USERS = 5_000;

/** Advertising as it is shown, clicked and paid for over the `elapsedMs` before `nowMs`. */
export function adsTraffic(nowMs: number, elapsedMs: number, random: () => number): Event[] {
  return CAMPAIGNS.flatMap((campaign, salt) => {
    const rush = burst(nowMs, { salt, everyMs: 75_000, lastsMs: 24_000, chance: 0.4 });
    const perSecond = campaign.weight * audience(nowMs) * (1 + 0.25 * wave(nowMs, salt)) * (1 + 0.6 * rush);
    const shown = poisson((perSecond * elapsedMs) / 1000, random);
    return Array.from({ length: shown }, () =>
      impression(campaign, rush, nowMs - random() * elapsedMs, random),
    ).flat();
  });
}

/** Share of the world's audience that is up. */
function audience(nowMs: number): number {
  return Object.values(awake(nowMs)).reduce((sum, weight) => sum + weight, 0) / 100;
}

/** Each country's weight, at its time of day. */
function awake(nowMs: number): Record<string, number> {
  return Object.fromEntries(
    COUNTRIES.map(({ country, weight, utcOffset }) => [country, weight * dayRhythm(nowMs, utcOffset)]),
  );
}

function impression(campaign: Campaign, rush: number, atMs: number, random: () => number): Event[] {
  const ts = Math.floor(atMs);
  const user = `u${Math.floor(random() ** 2 * USERS)}`;
  const props: Record<string, PropValue> = {
    campaign: campaign.campaign,
    country: weighted(awake(ts), random),
    placement: weighted(PLACEMENTS, random),
    device: weighted(DEVICES, random),
    site: siteName(Math.floor(random() ** 2 * SITE_COUNT)),
  };
  const event = (name: string, value: number): Event => ({ name, ts, user, value: cents(value), props });
  const bid = campaign.bid * (1 + 0.3 * rush) * (1 + 0.12 * bell(random));
  const events = [event("ad_impression", bid)];
  if (random() >= campaign.clickRate * (1 + 2 * rush)) return events;
  events.push(event("ad_click", bid / 10));
  const saleRate = campaign.saleRate * (1 + 0.4 * wave(ts, campaign.weight));
  if (random() < saleRate) events.push(event("ad_sale", 12 + 60 * random() ** 3));
  return events;
}

function cents(value: number): number {
  return Math.round(Math.max(0.01, value) * 100) / 100;
}
