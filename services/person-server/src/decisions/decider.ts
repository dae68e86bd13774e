import type {
  AgentIdentity,
  AskedRequest,
  DownstreamResult,
  Mission,
  MissionTerms,
  PageResult,
  PersonServer,
  WaitingRequest,
} from "aauth/server";
import type { HeldToken } from "../pages/granted-page.ts";
import type { ShownPolicy } from "../policy.ts";
import type { Person } from "../sign-in/person.ts";
import type { ShownRequest } from "./decider-context.ts";

/** The differences between the decision pages of the person server and of the access server. */
export interface Decider {
  /** Party shown in the header of each page, with its colours. */
  readonly party: "person-server" | "access-server";
  /** Prefix of the pages' paths. */
  readonly path: string;
  readonly server: Pick<PersonServer, "open" | "find" | "ask" | "answered" | "mayReturnTo">;
  readonly words: DeciderWords;
  /** The page for a person who may not see the list. Default: every person may. */
  readonly refuses?: (person: Person) => Message | undefined;
  /** Whether the request exists for this person. `hasCode`: they have come to it with its code. */
  readonly shows: (request: AskedRequest, person: Person, hasCode: boolean) => boolean;
  /**
   * Whether this person may decide on the request, now or later. Other people cannot use up its
   * code.
   */
  readonly isFor: (request: AskedRequest, person: Person) => boolean;
  /** The page shown instead of the decision if it is not this person's to make, or not yet. */
  readonly instead: (waiting: WaitingRequest, person: Person) => Promise<Message | undefined>;
  /**
   * Access that policy grants without asking once this request is allowed. Default: nothing.
   */
  readonly policyAfter?: (request: AskedRequest) => ShownPolicy | undefined;
  /** Whether the operator's policy admits a request. */
  readonly isAllowed: (request: AskedRequest) => boolean;
  readonly approve: (
    waiting: WaitingRequest,
    person: Person,
    shown: ShownRequest,
    /** Terms of a proposed mission. */
    mission: MissionTerms | undefined,
  ) => Promise<PageResult>;
  readonly deny: (reference: string, person: Person) => Promise<PageResult>;
  readonly waiting: (person: Person) => Promise<readonly WaitingRequest[]>;
  /** Missions of a person, by their last change. Default: there are none. */
  readonly missions?: (person: Person) => Promise<readonly Mission[]>;
  /** Granted tokens, and revoked tokens whose revocation is not confirmed everywhere. */
  readonly granted: (person: Person) => Promise<readonly HeldToken[]>;
  /** Revokes an agent's tokens; undefined for an agent without tokens. */
  readonly revoke: (person: Person, agent: AgentIdentity) => Promise<readonly DownstreamResult[] | undefined>;
}

interface DeciderWords {
  /** Name of the agent at the start of a sentence. */
  readonly agent: string;
  /** Name of the deciding party, for the log. */
  readonly decider: string;
  /** Title of the list of what is granted. */
  readonly granted: string;
  readonly nothingGranted: string;
  readonly revoked: (agent: string) => string;
  /** Notice after a revocation that some resources have not confirmed. */
  readonly notEverywhere: (agent: string, resources: string) => string;
}

export interface Message {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  readonly link?: readonly [href: string, name: string];
  /** Whether another user may decide, who can sign in from the page. */
  readonly isForOther?: boolean;
}
