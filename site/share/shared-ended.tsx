import { PlainHeader } from "../page/header.tsx";
import { pageOptions } from "../page/page-options.ts";

/** A share link that has expired or was revoked. */
export function SharedEnded({ message }: { message: string }) {
  return (
    <>
      {!pageOptions(location.search).embed && <PlainHeader />}
      <main class="notice">
        <h1 class="notice-title">This link shows nothing any more</h1>
        <p class="notice-text" role="alert">
          {`${message.charAt(0).toUpperCase()}${message.slice(1)}. Ask whoever gave it to you for another.`}
        </p>
      </main>
    </>
  );
}
