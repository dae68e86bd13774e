import type {
  AgentIdentity,
  AskedRequest,
  DownstreamResult,
  PageResult,
  PersonServer,
  WaitingRequest,
} from "aauth/server";
import type { HeldToken } from "../pages/granted-page.ts";
import type { RealmUser } from "../realm/realm.ts";

/** A server whose requests users decide on, and how: what differs between the person server and the access server. */
export interface Desk {
  /** Path of the pages, below the issuer, where the session's cookie is sent. */
  readonly path: string;
  /** Where the sign-in ends: a redirect URI of the client that signs users in for this server. */
  readonly loginReturn: string;
  /** Where browsers come to with a code, under the server's own name. */
  readonly entry: string;
  readonly server: Pick<PersonServer, "open" | "find" | "ask" | "answered" | "mayReturnTo">;
  readonly words: DeskWords;
  /** A user to whom neither the list nor anything on it is shown. Default: none. */
  readonly refuses?: (user: RealmUser) => Message | undefined;
  /** Whether the request exists for this user. `hasCode`: they have come to it with its code. */
  readonly shows: (request: AskedRequest, user: RealmUser, hasCode: boolean) => boolean;
  /** Whether this user may decide on the request, now or once something else is done. Only such a user uses its code up. */
  readonly isFor: (request: AskedRequest, user: RealmUser) => boolean;
  /** What this user sees in place of the decision, which is not theirs, or not yet. */
  readonly instead: (waiting: WaitingRequest, user: RealmUser) => Promise<Message | undefined>;
  /** Whether the realm's policy still admits a request, which may have changed while the page was open. */
  readonly isAllowed: (request: AskedRequest) => boolean;
  readonly approve: (waiting: WaitingRequest, user: RealmUser, version: number) => Promise<PageResult>;
  readonly deny: (reference: string, user: RealmUser) => Promise<PageResult>;
  readonly waiting: (user: RealmUser) => Promise<readonly WaitingRequest[]>;
  /** Granted tokens, and revoked ones that are not confirmed everywhere. */
  readonly granted: (user: RealmUser) => Promise<readonly HeldToken[]>;
  /** Undefined for an agent that has nothing. */
  readonly revoke: (
    user: RealmUser,
    agent: AgentIdentity,
  ) => Promise<readonly DownstreamResult[] | undefined>;
}

interface DeskWords {
  /** The agent, at the beginning of a sentence. */
  readonly agent: string;
  /** Who decides, for the log. */
  readonly decider: string;
  /** Title of the list of what is granted. */
  readonly granted: string;
  readonly nothingGranted: string;
  readonly revoked: (agent: string) => string;
  /** What has been revoked here, but not at every resource. */
  readonly notEverywhere: (agent: string, resources: string) => string;
}

export interface Message {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  readonly link?: readonly [href: string, name: string];
}
