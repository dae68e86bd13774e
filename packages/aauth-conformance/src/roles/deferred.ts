/**
 * Requests that wait for a decision, at a person server and an access server.
 *
 * @module
 */

import { describe, differs } from "../suite/check.ts";
import { pairOf, type Spec } from "../suite/rows.ts";
import { isServed, problemFinding } from "../suite/subject.ts";
import { type Answer, jsonOf } from "../suite/target.ts";
import { requirementOf } from "./bench.ts";
import {
  decide,
  having,
  pollLater,
  type ServerBench,
  type Signer,
  settle,
  toPending,
} from "./server-bench.ts";

/** A request that waits for a decision. */
export interface Waiting {
  readonly answer: Answer;
  readonly signer: Signer;
  /** Another caller that the target serves. */
  readonly other: Signer;
}

const HEADS = [
  ["01", "11.8.2/location", "location", /./],
  ["02", "11.8.2/retry", "retry-after", /^\d+$/],
  ["03", "11.8.2/store", "cache-control", /\bno-store\b/],
] as const;
const CODE = /^[0-9A-HJKMNP-TV-Z]{8,}$/;

/** Problem of an answer that must have this status. */
const not = (status: number, answer: Answer): string | undefined =>
  answer.status === status ? undefined : `it was answered ${describe(answer)}, not ${status}`;

/** @param begin a new request that the target defers. @throws TargetError */
export function deferredRows(
  needs: readonly string[],
  begin: (bench: ServerBench) => Promise<Waiting>,
): readonly Spec<ServerBench>[] {
  const { accepts, refuses } = pairOf<ServerBench>(needs);
  const clarifying = pairOf<ServerBench>([...needs, "clarification"]);
  const page = async (bench: ServerBench) => requirementOf((await begin(bench)).answer)?.params ?? {};
  /** A new request about which the decider asks a question. */
  const question = async (bench: ServerBench) => {
    const waiting = await begin(bench);
    await decide(bench, waiting.answer, "ask");
    const asked = await pollLater(bench, waiting.answer, waiting.signer);
    return { ...waiting, asked, requirement: requirementOf(having(202, asked, "the poll"))?.value };
  };
  return [
    ...HEADS.map(([number, clause, field, form]) =>
      accepts(`11.8.2-${number}`, clause, `defers with ${field}`, async (bench) => {
        const value = (await begin(bench)).answer.fields[field] ?? "";
        return !form.test(value) && `it is ${value}`;
      }),
    ),
    accepts("11.8.2-04", "11.8.2/waiting", "defers with the status pending", async (bench) =>
      differs("status", jsonOf((await begin(bench)).answer)?.status, "pending"),
    ),
    accepts("11.8.2-05", "11.8.2/location", "defers with a Location of its own origin", async (bench) => {
      const { location = "" } = (await begin(bench)).answer.fields;
      return differs("its origin", URL.parse(location, bench.id)?.origin, bench.id);
    }),
    accepts("11.6.3-01", "11.6.3/url", "sends people to a page without query and fragment", async (bench) => {
      const { url } = await page(bench);
      return !/^https:\/\/[^?#]+$/.test(String(url)) && `it is ${url}`;
    }),
    accepts("11.6.3.1-01", "11.6.3.1/entropy", "shows a code of eight symbols of base32", async (bench) => {
      const { code } = await page(bench);
      return !CODE.test(String(code).replaceAll("-", "")) && `it is ${code}`;
    }),
    accepts("11.8.2-06", "11.8.2/waiting", "answers a poll after the approval", async (bench) => {
      const { answer, signer } = await begin(bench);
      return not(200, await settle(bench, signer, answer));
    }),
    refuses("11.9.4-01", "11.9.4/denied", "answers a poll after a refusal with denied", async (bench) => {
      const { answer, signer } = await begin(bench);
      return problemFinding(await settle(bench, signer, answer, "deny"), 403, "denied");
    }),
    refuses("13.2-01", "13.2/poll", "refuses a poll of another caller", async (bench) => {
      const { answer, signer, other } = await begin(bench);
      having(202, await pollLater(bench, answer, signer), "the own poll");
      const foreign = await toPending(bench, answer, other);
      return isServed(foreign) && `it was answered ${describe(foreign)}`;
    }),
    refuses("13.2-02", "13.2/poll", "refuses another caller's poll after the approval", async (bench) => {
      const { answer, signer, other } = await begin(bench);
      await decide(bench, answer, "approve");
      const foreign = await pollLater(bench, answer, other);
      if (isServed(foreign)) return `it was answered ${describe(foreign)}`;
      return not(200, await settle(bench, signer, await toPending(bench, answer, signer)));
    }),
    refuses("13.2-03", "13.2/poll", "refuses a poll that is not signed", async (bench) => {
      const { answer, signer } = await begin(bench);
      having(202, await pollLater(bench, answer, signer), "the own poll");
      const { host: authority, pathname: target } = new URL(answer.fields.location!, bench.id);
      const poll = { method: "GET", authority, target, fields: [], body: undefined };
      return not(401, await bench.target.send(poll));
    }),
    refuses("13.2-04", "13.2/gone", "answers once", async (bench) => {
      const { answer, signer } = await begin(bench);
      having(200, await settle(bench, signer, answer));
      return not(410, await toPending(bench, answer, signer));
    }),
    refuses("7.5.2.3-01", "7.5.2.3/gone", "ends a request that its caller cancels", async (bench) => {
      const { answer, signer } = await begin(bench);
      const cancelled = await toPending(bench, answer, signer, "DELETE");
      if (!isServed(cancelled)) return `DELETE was answered ${describe(cancelled)}`;
      return not(410, await pollLater(bench, answer, signer));
    }),
    refuses("7.5.2.3-02", "13.2/poll", "keeps a request that another caller cancels", async (bench) => {
      const { answer, signer, other } = await begin(bench);
      const cancelled = await toPending(bench, answer, other, "DELETE");
      if (isServed(cancelled)) return `DELETE was answered ${describe(cancelled)}`;
      return not(202, await pollLater(bench, answer, signer));
    }),
    pairOf<ServerBench>(needs, "may").refuses(
      "11.8.3-01",
      "11.8.3/slow",
      "slows down a caller that polls too often",
      async (bench) => {
        const { answer, signer } = await begin(bench);
        let poll = answer;
        for (let round = 0; round < 5 && poll.status === 202; round += 1) {
          poll = await toPending(bench, answer, signer);
        }
        return problemFinding(poll, 429, "slow_down");
      },
    ),
    clarifying.accepts("7.5.1-01", "7.5.1/question", "passes a question on", async (bench) => {
      const { asked, requirement } = await question(bench);
      const text = jsonOf(asked)?.clarification;
      return (
        differs("the requirement", requirement, "clarification") ??
        differs("the type of clarification", typeof text, "string")
      );
    }),
    clarifying.accepts("7.5.2-01", "7.5.2/respond", "goes on after an answer", async (bench) => {
      const { answer, signer } = await question(bench);
      const body = { action: "clarification_response", clarification_response: "Because." };
      const taken = await toPending(bench, answer, signer, "POST", body);
      if (!isServed(taken)) return `the answer was answered ${describe(taken)}`;
      await decide(bench, answer, "approve");
      return not(200, await settle(bench, signer, await pollLater(bench, answer, signer)));
    }),
    ...[{}, { action: "shrug" }].map((action, index) => {
      const title = `refuses an answer ${index === 0 ? "without" : "with an unknown"} action`;
      return clarifying.refuses(`7.5.2-0${index + 2}`, "7.5.2/action", title, async (bench) => {
        const { answer, signer } = await question(bench);
        const body = { ...action, clarification_response: "Because." };
        return not(400, await toPending(bench, answer, signer, "POST", body));
      });
    }),
  ];
}
