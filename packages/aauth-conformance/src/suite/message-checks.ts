import type { MessageCase, Trait } from "../messages/cases.ts";
import type { World } from "../peers/world.ts";
import type { Check, Role } from "./check.ts";
import { checkOf } from "./rows.ts";
import { expectRefused, expectServed, type Subject } from "./subject.ts";

/** Makes the checks of a role from cases that fit its endpoint. */
export function messageChecks<B extends { readonly world: World }>(
  role: Role,
  prefix: string,
  cases: readonly MessageCase[],
  endpoint: {
    readonly traits: readonly Trait[];
    readonly needs: readonly string[];
    subject(bench: B): Subject;
  },
): readonly Check<B>[] {
  return cases
    .filter(({ traits }) => traits.every((trait) => endpoint.traits.includes(trait)))
    .map(({ number, title, clause, level, codes, also, change }) =>
      checkOf<B>({
        id: `${prefix}-${number}`,
        role,
        title,
        clause,
        ...(level !== undefined && { level }),
        needs: endpoint.needs,
        polarity: codes === undefined ? "accept" : "refuse",
        run(bench) {
          const subject = endpoint.subject(bench);
          return codes === undefined
            ? expectServed(subject, (plan) => change(plan, bench.world))
            : expectRefused(subject, (plan) => change(plan, bench.world), { codes, also });
        },
      }),
    );
}
