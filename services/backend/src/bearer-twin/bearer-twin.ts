/**
 * The bearer twin: the attacks of "now break it", carried out on a mock service that accepts a
 * bearer token. No agent or gateway knows the service, and the demo's own requests never reach it.
 *
 * @module
 */

import { readBounded } from "agent-kit/service";
import { ATTACKS, type Attack, attacksWith, type BearerExchange, type BearerSide } from "backend-api";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import { type BearerService, LIFETIME_MS, openBearerService } from "./bearer-service.ts";

const TIMEOUT_MS = 2000;
/** Upper bound on an attack: a listener that closes sooner is not used for a new one. */
const ATTACK_MS = 10_000;
const MAX_ANSWER_BYTES = 4096;

export interface BearerTwin {
  /**
   * Carries out the attack; undefined for a variant that the twin does not have. Opens a listener
   * if none is open, and closes it five minutes later.
   *
   * @throws BackendError `unreachable` when the twin does not answer
   */
  attack(variant: string): Promise<BearerSide | undefined>;
  /** Closes all listeners permanently. */
  close(): void;
}

/** Creates the twin, one per process. It opens nothing before the first attack. */
export function createBearerTwin(): BearerTwin {
  let current: Promise<BearerService> | undefined;
  /** May still be open in its last seconds. Earlier ones are closed. */
  let previous: Promise<BearerService> | undefined;
  let until = 0;

  function service(): Promise<BearerService> {
    const now = performance.now();
    if (current !== undefined && now < until) return current;
    previous = current;
    current = openBearerService();
    until = now + LIFETIME_MS - ATTACK_MS;
    current.catch(() => {
      current = undefined;
    });
    return current;
  }

  return {
    async attack(variant) {
      const attack = attacksWith("bearer").find((name) => name === variant);
      if (attack === undefined) return undefined;
      try {
        return await attackOn(await service(), ATTACKS[attack].bearer);
      } catch (cause) {
        const code = networkCodeOf(cause);
        if (code === undefined) throw cause;
        throw new BackendError("unreachable", `The bearer twin did not answer (${code}).`, { code, cause });
      }
    },

    close() {
      for (const open of [previous, current]) open?.then(({ close }) => close()).catch(() => {});
    },
  };
}

/** Sends the agent's request, and then the attack, which succeeds if it is answered alike. */
async function attackOn(
  service: BearerService,
  { sender, order, changed = order }: NonNullable<Attack["bearer"]>,
): Promise<BearerSide> {
  const honest = await send(service, "agent", order);
  const attack = await send(service, sender, changed);
  const { status } = attack.response;
  return {
    succeeded: status < 300 && status === honest.response.status,
    status,
    exchanges: [honest, attack],
  };
}

/** Sends an order, or reads the report. */
async function send(
  { url: base, token }: BearerService,
  sender: BearerExchange["sender"],
  body?: string,
): Promise<BearerExchange> {
  const url = base + (body === undefined ? "/report" : "/orders");
  const request = {
    method: body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body }),
  } as const;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { ...request, signal, redirect: "error" });
  const answered = await readBounded(response, MAX_ANSWER_BYTES);
  return {
    sender,
    request: { url, ...request },
    response: { status: response.status, body: answered },
  };
}
