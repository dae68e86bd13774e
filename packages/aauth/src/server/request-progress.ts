/**
 * Progress of a deferred request (draft -11, sections 7.3 and 7.5): checks of its dependencies, the
 * decision, and the execution of a grant.
 *
 * @module
 */

import type { DeferredRequirement } from "../deferred/deferred-requests.ts";
import type { Answer } from "../types.ts";
import { failed, Problem } from "./answers.ts";
import type { ClarifiedBy, RequestHooks, RequestRecord, ServerRequestsOptions } from "./request-types.ts";
import type { Clarification, Decision, PageResult } from "./types.ts";

/** Maximum questions to an agent (section 7.5.3). */
const MAX_ROUNDS = 5;

export class Progress<Work> {
  readonly #options: ServerRequestsOptions<Work>;
  readonly #newCode: (record: RequestRecord<Work>) => Promise<string>;

  /** @param newCode assigns a code to a request, and returns it as shown to people */
  constructor(
    options: ServerRequestsOptions<Work>,
    newCode: (record: RequestRecord<Work>) => Promise<string>,
  ) {
    this.#options = options;
    this.#newCode = newCode;
  }

  /** Advances a request as far as possible. @returns the outcome, if there is one */
  async advance(record: RequestRecord<Work>): Promise<Answer | undefined> {
    const { hooks, now } = this.#options;
    const revoked = await this.#revoked(record);
    if (revoked !== undefined) return revoked; // hole T5
    const ended = await hooks.ended?.(record);
    if (ended !== undefined) return ended; // hole W11
    const { clarification } = record;
    // hole T28
    if (now() >= Math.min(record.expiresAt, clarification?.by ?? Number.POSITIVE_INFINITY)) {
      return failed(new Problem(408, "expired", "the request was not decided in time"));
    }
    if (clarification !== undefined) return undefined;
    if (record.state === "deciding") {
      const refusal = await this.#apply(record, await hooks.decide(record));
      if (refusal !== undefined) return refusal;
    }
    const outcome = record.state === "granted" ? await hooks.finish(record) : hooks.look?.(record);
    // The issued token is recorded by now, so a concurrent revocation has either found it, or is
    // detected here.
    return outcome?.status === 200 ? ((await this.#revoked(record)) ?? outcome) : outcome; // hole T5a: outcome
  }

  /** Asks the agent a question. */
  ask(
    record: RequestRecord<Work>,
    { question, options, timeoutSeconds }: Clarification,
    from: ClarifiedBy,
  ): PageResult {
    const { asked, rounds, clarification, state } = record;
    if (
      clarification !== undefined ||
      (state === "granted" && from === "page") || // hole S9a
      rounds >= MAX_ROUNDS || // hole T26
      !asked.capabilities.includes("clarification")
    ) {
      return "unable";
    }
    record.rounds = rounds + 1;
    record.clarification = {
      question,
      from,
      ...(options !== undefined && { options }),
      ...(timeoutSeconds !== undefined && { timeoutSeconds, by: this.#options.now() + timeoutSeconds }),
    };
    return "done";
  }

  async #revoked({ depends }: RequestRecord<Work>): Promise<Answer | undefined> {
    const areRevoked = await Promise.all(depends.map((token) => this.#options.hooks.isRevoked(token)));
    const revoked = depends.find((_token, index) => areRevoked[index]);
    return (
      revoked && failed(new Problem(403, "revoked", `the ${revoked.what} of the request has been revoked`))
    );
  }

  async #apply(record: RequestRecord<Work>, decision: Decision): Promise<Answer | undefined> {
    const { interactionUrl: url } = this.#options;
    const denied = (detail: string) => deny(this.#options.hooks, record, detail);
    switch (decision.type) {
      case "deny":
        return denied(decision.detail ?? "the request was refused");
      case "unreachable":
        return failed(unreachable());
      case "clarification":
        return this.ask(record, decision, "policy") === "done"
          ? undefined
          : denied("the agent cannot answer questions, or did not settle the question in five rounds");
      case "grant": {
        const { type: _type, ...grant } = decision;
        record.grant = grant;
        record.state = "granted";
        return undefined;
      }
      case "interaction":
        if (!record.asked.capabilities.includes("interaction")) return failed(unreachable());
        // A person who is already on the page needs no code.
        if (record.status === "pending") {
          record.requirement = { requirement: "interaction", url, code: await this.#newCode(record) };
        }
        break;
      case "approval":
        record.requirement = { requirement: "approval" };
        break;
      case "claims":
        if (decision.names.includes("sub"))
          throw new TypeError("sub is in every token and must not be requested");
        record.requirement = { requirement: "claims", members: { required_claims: [...decision.names] } };
    }
    record.state = "waiting";
    return undefined;
  }
}

/** The outcome of a denied request. */
export const deny = <Work>(
  hooks: Pick<RequestHooks<Work>, "denied">,
  record: RequestRecord<Work>,
  detail: string,
): Answer => hooks.denied?.(record, detail) ?? failed(new Problem(403, "denied", detail));

const unreachable = () =>
  new Problem(
    403,
    "user_unreachable",
    "the person cannot be reached, and the agent cannot send them to a page",
  );

/** The requirement of a request, as sent to its caller. */
export function requirementOf<Work>({
  clarification,
  requirement,
}: RequestRecord<Work>): DeferredRequirement | undefined {
  if (clarification === undefined) return requirement;
  const { question, options, timeoutSeconds } = clarification;
  const members = {
    clarification: question,
    ...(timeoutSeconds !== undefined && { timeout: timeoutSeconds }),
    ...(options !== undefined && { options: [...options] }),
  };
  return { requirement: "clarification", members };
}
