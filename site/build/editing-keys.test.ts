import { expect, it } from "vitest";
import { stepOf } from "./editing-keys.ts";

const press = (key: string, code: string, more: object = {}) => ({
  key,
  code,
  ctrlKey: true,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
});

it.each([
  ["z", "KeyZ", {}, "undo"],
  ["Z", "KeyZ", { shiftKey: true }, "redo"],
  ["y", "KeyY", {}, "redo"],
  // Capitals are locked.
  ["Z", "KeyZ", {}, "undo"],
  ["z", "KeyZ", { shiftKey: true }, "redo"],
  // Russian; German, where Z and Y have changed places.
  ["я", "KeyZ", {}, "undo"],
  ["Я", "KeyZ", { shiftKey: true }, "redo"],
  ["z", "KeyY", {}, "undo"],
  ["z", "KeyZ", { ctrlKey: false, metaKey: true }, "undo"],
  ["z", "KeyZ", { ctrlKey: false }, undefined],
  ["z", "KeyZ", { altKey: true }, undefined],
  ["x", "KeyX", {}, undefined],
] as const)("[U11] %s on %s with %o asks for %s", (key, code, more, step) => {
  expect(stepOf(press(key, code, more))).toBe(step);
});
