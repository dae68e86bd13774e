import { z } from "zod";

/** One step of a delegate's call, in the terms of the activity feed. */
const delegateStepSchema = z.object({
  /** For example `challenge_received`. */
  action: z.string(),
  details: z.string(),
});

/** One call of a delegate to the supply-chain agent, as reported by the delegate. */
export const delegateRunSchema = z.object({
  /** ISO 8601, UTC. */
  started_at: z.string(),
  ended_at: z.string(),
  status: z.enum(["completed", "failed"]),
  prompt: z.string(),
  steps: z.array(delegateStepSchema).max(50),
  /**
   * The auth token's `agent`, `agent_delegate` and `scope`, if there was one. Not every auth server
   * names the delegate in it.
   */
  granted: z
    .object({ agent: z.string(), agent_delegate: z.string().optional(), scope: z.string() })
    .optional(),
  /** Beginning of the agent's Markdown. */
  report: z.string().optional(),
  /** Code and message of the failure. */
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type DelegateRun = z.infer<typeof delegateRunSchema>;

/** A delegate's answer to the backend about its last call. */
export const delegateStatusSchema = z.object({ sub: z.string(), last_run: delegateRunSchema.nullable() });

/** A process that acts under the backend's identity with its own key. */
export const delegateSchema = z.object({
  /** Its name in agent tokens, and `agent_delegate` in auth tokens. Stable across restarts. */
  sub: z.string(),
  name: z.string(),
  /** The last issued agent token; null if it has requested none since the backend started. */
  agent_token: z
    .object({
      /** ISO 8601, UTC. */
      issued_at: z.string(),
      expires_at: z.string(),
      /** RFC 7638 thumbprint of the key it is bound to. */
      key: z.string(),
    })
    .nullable(),
  /** `absent`: it does not respond. `unknown`: it was enrolled without a URL. */
  process: z.enum(["running", "absent", "unknown"]),
  last_run: delegateRunSchema.nullable(),
  /** In draft -11: its identity for this user, and whether the user allows it to act. */
  sub_agent: z
    .object({
      /** Agent identifier: `aauth:user-…+delegate-…@backend.localhost`. */
      id: z.string(),
      /** Agent identifier of the user's agent, `parent_agent` of its agent tokens. */
      parent: z.string(),
      /**
       * `new`: the first call starts it. `ended`: it receives no more tokens. `ending`: the same,
       * but the person server did not accept the revocation.
       */
      state: z.enum(["new", "started", "ending", "ended"]),
      /**
       * ISO 8601, UTC: expiry of its agent token, which remains valid after its end. Absent if the
       * token is revoked, or it has not ended.
       */
      good_until: z.string().optional(),
      /**
       * Page of the person server where the user has to act before it can be called again, if any.
       */
      interaction_url: z.string().optional(),
      /** Id of the last call, for `GET /optimization/{id}/trace`. Absent before the first. */
      run_id: z.string().optional(),
    })
    .optional(),
});
export type Delegate = z.infer<typeof delegateSchema>;

/** Response of `GET /delegates`. */
export const delegateListSchema = z.object({
  /** The agent server under whose identity they act. */
  agent: z.string(),
  delegates: z.array(delegateSchema),
});
export type DelegateList = z.infer<typeof delegateListSchema>;
