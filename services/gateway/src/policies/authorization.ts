import type { CelContext } from "../cel/expression.ts";
import type { AuthorizationRule } from "../configuration/document-schema.ts";
import { textReply } from "../proxy/local-reply.ts";

/**
 * Refuses if any `deny` is true or any `require` is not true. Otherwise allows if any `allow` is
 * true, or if there is no `allow` rule. A failing expression counts as false, so prefer `require`
 * to `deny`: a failing `deny` lets requests through.
 *
 * @throws LocalReply 403
 */
export function applyAuthorization(rules: readonly AuthorizationRule[], context: CelContext): void {
  let hasAllowRule = false;
  let allowed = false;
  for (const { effect, expression } of rules) {
    if (effect === "allow") {
      hasAllowRule = true;
      allowed ||= expression.isTrue(context);
    } else if (expression.isTrue(context) === (effect === "deny")) {
      throw denied();
    }
  }
  if (hasAllowRule && !allowed) throw denied();
}

function denied() {
  return textReply(403, "Authorization", "authorization failed");
}
