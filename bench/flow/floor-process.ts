/**
 * The process that `crypto-floor.ts` asks: does one operation for each question and answers how long it took, in milliseconds. Between
 * two questions it does nothing, as a service between two requests.
 *
 * @module
 */

import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { answerParent } from "../program.ts";
import type { FloorOperation } from "./crypto-floor.ts";

const BASE_BYTES = 700;
const BODY_BYTES = 1024;

const ed25519 = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const body = Buffer.alloc(BODY_BYTES, "x");
const base = Buffer.alloc(BASE_BYTES, "x");
const signature = sign(null, base, ed25519.privateKey);
const rs256 = sign("sha256", base, rsa.privateKey);
const digest = () => hash("sha256", body, "base64");

const operations: Readonly<Record<FloorOperation, () => unknown>> = {
  ed25519Signs: () => [digest(), sign(null, base, ed25519.privateKey)],
  ed25519Verifies: () => [digest(), verify(null, base, ed25519.publicKey, signature)],
  rs256Signs: () => sign("sha256", base, rsa.privateKey),
  rs256Verifies: () => verify("sha256", base, rsa.publicKey, rs256),
};

const WARM_UP = 500;
for (const operation of Object.values(operations)) for (let count = 0; count < WARM_UP; count++) operation();

const timed = (operation: () => unknown) => () => {
  const startedAt = performance.now();
  operation();
  return performance.now() - startedAt;
};
answerParent(
  Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [name, timed(operation)]),
  ) as Record<FloorOperation, () => number>,
);
