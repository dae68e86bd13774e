/**
 * The bearer twin: the attacks of "now break it", carried out on a mock service that accepts a
 * bearer token. No agent or gateway knows the service, and the demo's own requests never reach it.
 *
 * @module
 */

import { readBounded } from "agent-kit/service";
import { attacksWith, type BearerSide } from "backend-api";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import { attackTwin, type SendToTwin } from "./attacks.ts";
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
        return await attackTwin(attack, sendTo(await service()));
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

function sendTo({ url: base, token }: BearerService): SendToTwin {
  return async (sender, method, path, body) => {
    const url = base + path;
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, {
      method,
      headers,
      signal,
      redirect: "error",
      ...(body !== undefined && { body }),
    });
    const answered = await readBounded(response, MAX_ANSWER_BYTES);
    return {
      sender,
      request: { method, url, headers, ...(body !== undefined && { body }) },
      response: { status: response.status, body: answered },
    };
  };
}
