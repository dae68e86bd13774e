import { z } from "zod";

/** One step of a delegate's call, in the words of the activity feed. */
const delegateStepSchema = z.object({
  /** For example `challenge_received`. */
  action: z.string(),
  details: z.string(),
});

/** One call of a delegate to the supply-chain agent, as the delegate reports it. */
export const delegateRunSchema = z.object({
  /** ISO 8601, UTC. */
  started_at: z.string(),
  ended_at: z.string(),
  status: z.enum(["completed", "failed"]),
  prompt: z.string(),
  steps: z.array(delegateStepSchema).max(50),
  /**
   * The auth token's `agent`, `agent_delegate` and `scope`, where there was one. Not each auth
   * server names the delegate in it.
   */
  granted: z
    .object({ agent: z.string(), agent_delegate: z.string().optional(), scope: z.string() })
    .optional(),
  /** Beginning of the agent's Markdown. */
  report: z.string().optional(),
  /** Code and text of what went wrong. */
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type DelegateRun = z.infer<typeof delegateRunSchema>;

/** Answer of a delegate to the backend that asks what its last call came to. */
export const delegateStatusSchema = z.object({ sub: z.string(), last_run: delegateRunSchema.nullable() });

/** A process that acts under the backend's identity with a key of its own. */
export const delegateSchema = z.object({
  /** Its name in agent tokens, and `agent_delegate` in auth tokens. The same over restarts. */
  sub: z.string(),
  name: z.string(),
  /** The agent token issued last; null when it has asked for none since the backend was started. */
  agent_token: z
    .object({
      /** ISO 8601, UTC. */
      issued_at: z.string(),
      expires_at: z.string(),
      /** RFC 7638 thumbprint of the key it is bound to. */
      key: z.string(),
    })
    .nullable(),
  /** `absent`: it does not answer. `unknown`: it was enrolled without an address. */
  process: z.enum(["running", "absent", "unknown"]),
  last_run: delegateRunSchema.nullable(),
  /** In draft -11: who it is for this user, and whether the user lets it act. */
  sub_agent: z
    .object({
      /** Agent identifier: `aauth:user-…+delegate-…@backend.localhost`. */
      id: z.string(),
      /** Agent identifier of the user's agent, `parent_agent` of its agent tokens. */
      parent: z.string(),
      /**
       * `new`: the first call starts it. `ended`: it gets no more tokens. `ending`: the same, but
       * the person server has not taken the revocation.
       */
      state: z.enum(["new", "started", "ending", "ended"]),
      /**
       * ISO 8601, UTC: until when its agent token stays good although it has ended. Absent where it
       * is revoked, or has not ended.
       */
      good_until: z.string().optional(),
      /**
       * Page of the person server where the user has to act before it can be called again. Absent
       * where there is none.
       */
      interaction_url: z.string().optional(),
      /** Names the last call: `GET /optimization/{id}/trace`. Absent before the first one. */
      run_id: z.string().optional(),
    })
    .optional(),
});
export type Delegate = z.infer<typeof delegateSchema>;

/** Response of `GET /delegates`. */
export const delegateListSchema = z.object({
  /** The agent server, whose identity they act under. */
  agent: z.string(),
  delegates: z.array(delegateSchema),
});
export type DelegateList = z.infer<typeof delegateListSchema>;
