import type { MintedShare, ShareLink } from "../../protocol/share.ts";
import { ask } from "../on-demand/ask.ts";
import type { ShareWish } from "./share-form.tsx";

/** What the dialog asks the server. Each throws a {@link RequestError}, whose message is the server's. */
export class ShareRequests {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  mint(wish: ShareWish): Promise<MintedShare> {
    return ask(this.#key, "POST", "/v1/share", wish);
  }

  async links(): Promise<ShareLink[]> {
    return (await ask<{ links: ShareLink[] }>(this.#key, "GET", "/v1/share")).links;
  }

  revoke(id: string): Promise<unknown> {
    return ask(this.#key, "DELETE", `/v1/share/${encodeURIComponent(id)}`);
  }
}
