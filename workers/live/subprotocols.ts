import { COMPACT_SUBPROTOCOL, LIVE_SUBPROTOCOL } from "../../protocol/live.ts";

const KNOWN = [LIVE_SUBPROTOCOL, COMPACT_SUBPROTOCOL];
/** Of a version that is not known, too: a client may offer what a later server speaks. */
const NAME = /^freshet\.v\d+$/;

/** What a WebSocket's client offers, in its order. */
export interface Subprotocols {
  offered: string[];
  /** The first that this server speaks. */
  protocol: string | undefined;
  /** A browser can send a key nowhere else: it is what names no subprotocol. */
  key: string | undefined;
}

/** Reads `sec-websocket-protocol`. */
export function readSubprotocols(header: string | null | undefined): Subprotocols {
  const offered = (header ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  return {
    offered,
    protocol: offered.find((each) => KNOWN.includes(each)),
    key: offered.find((each) => !NAME.test(each)),
  };
}

/** For an error: what is spoken. */
export const KNOWN_SUBPROTOCOLS = KNOWN.join(" or ");
