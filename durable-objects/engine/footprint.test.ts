import { describe, expect, it } from "vitest";
import { stateBytes } from "../../protocol/footprint.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type Filling, fillWindows } from "../../test/helpers/filled-windows.ts";

const MIB = 2 ** 20;
