import { describe, expect, it } from "vitest";
import { Credit } from "./credit.ts";

/** Sends until it may not. @returns how many went, and after which a word was asked for. */
function sendAll(credit: Credit, nowMs: number, bytes = 64): { sent: number; asked: number[] } {
  const asked: number[] = [];
  let sent = 0;
  while (credit.isReady(nowMs) && sent < 1_000) {
    sent++;
    if (credit.asksNext) asked.push(sent);
    credit.sent(bytes, nowMs);
  }
  return { sent, asked };
}

/** Answers at once, until nothing more is to be had by it. */
function keepUp(credit: Credit): void {
  for (let round = 0; round < 20; round++) credit.acknowledge(sendAll(credit, 0).sent);
}

describe("[L5] how many frames may be under way", () => {
  it("[L5] few to a client that has shown nothing, and it is asked after half of them", () => {
    expect(sendAll(new Credit(), 0)).toEqual({ sent: 4, asked: [2, 4] });
  });

  it("[L5] more with each answer in time, up to a bound, so that one who keeps up is asked seldom", () => {
    const credit = new Credit();
    keepUp(credit);
    expect(sendAll(credit, 0)).toEqual({ sent: 256, asked: [128, 256] });
  });

  it("[L5] as many for each of its subscriptions", () => {
    const credit = new Credit();
    credit.streams = 20;
    expect(sendAll(credit, 0)).toEqual({ sent: 80, asked: [40, 80] });
  });

  it("[L5] none to a client that was asked and says nothing, until it does", () => {
    const credit = new Credit();
    credit.sent(64, 0);
    credit.sent(64, 0);
    expect(credit.isReady(1_500)).toBe(true);
    expect(credit.isReady(1_501)).toBe(false);
    credit.acknowledge(2);
    expect(credit.isReady(1_501)).toBe(true);
  });

  it("[L5] two at a time to one that did not keep up, and each asks", () => {
    const credit = new Credit();
    keepUp(credit);
    const { sent } = sendAll(credit, 0);
    credit.exceeded();
    credit.acknowledge(sent);
    credit.exceeded();
    expect(sendAll(credit, 0)).toEqual({ sent: 2, asked: [1, 2] });
  });

  it("[L5] a client that has not been asked is sent one more, which asks, though it gave up most of its subscriptions", () => {
    const credit = new Credit();
    credit.streams = 9;
    for (let sent = 0; sent < 9; sent++) credit.sent(64, 0);
    credit.streams = 1;
    expect(credit.isReady(60_000)).toBe(true);
    expect(credit.asksNext).toBe(true);
    credit.sent(64, 60_000);
    expect(credit.isReady(60_000)).toBe(false);
    credit.acknowledge(10);
    expect(sendAll(credit, 60_000).sent).toBe(8);
  });

  it("[L5] a word of more than was sent counts for no more", () => {
    const credit = new Credit();
    credit.acknowledge(1_000);
    expect(sendAll(credit, 0).sent).toBe(8);
  });

  it("[L5] of large frames no more than 128 KiB, and who keeps up is asked after half of that", () => {
    const credit = new Credit();
    keepUp(credit);
    expect(sendAll(credit, 0, 8_192)).toEqual({ sent: 16, asked: [9] });
  });

  it("[L5] two of the largest, as the first may have been taken already", () => {
    const credit = new Credit();
    keepUp(credit);
    expect(sendAll(credit, 0, 1_000_000)).toEqual({ sent: 2, asked: [2] });
  });

  it("[L5] bytes that were taken make room for others", () => {
    const credit = new Credit();
    keepUp(credit);
    expect(sendAll(credit, 0, 8_192).sent).toBe(16);
    credit.acknowledge(4);
    expect(sendAll(credit, 0, 8_192).sent).toBe(4);
    credit.acknowledge(16);
    expect(sendAll(credit, 0, 64).sent).toBe(256);
  });

  it("[L5] bytes for each of its subscriptions", () => {
    const credit = new Credit();
    credit.streams = 20;
    keepUp(credit);
    expect(sendAll(credit, 0, 32_768).sent).toBe(80);
  });
});
