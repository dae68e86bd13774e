import { afterChecks, interactionUrl, type Message, type ProtocolRun, partyName } from "aauth-explain/run";
import type { ReactNode } from "react";
import { Tabs } from "../../components/tabs.tsx";
import { CheckLists } from "./check-lists.tsx";
import { HttpView } from "./http-view.tsx";
import { SignatureView } from "./signature-view.tsx";
import { TokenList, tokensOf } from "./token-list.tsx";

export type TabName = "checks" | "signature" | "tokens" | "http";

interface MessageTabsProps {
  run: ProtocolRun;
  message: Message;
  /** The selected tab. A message without it shows its first tab. */
  tab: TabName;
  onTab: (tab: TabName) => void;
  /** States where request and response come from. Default: the sender's span. */
  source?: string | undefined;
  /** Signature base of the independent implementation. Default: built from the recorded request. */
  second?: string | undefined;
}

/** The recorded data of a message in tabs, so that the spans below stay in view. */
export function MessageTabs({ run, message, tab, onTab, source, second }: MessageTabsProps) {
  const { signer, verifiers, request, response } = message;
  const tokens = tokensOf(message);
  const hasHttp = [request, response].some(({ headers, body }) => headers || body);
  const checks = (
    <div className="column">
      <CheckLists verifiers={verifiers} />
      <AfterChecks message={message} />
    </div>
  );
  const all: [TabName, label: string, content: ReactNode][] = [
    ["checks", "Checks", verifiers.length > 0 && checks],
    [
      "signature",
      "Signature",
      (signer?.scheme || signer?.components[0]) && (
        <SignatureView message={message} signer={signer} second={second} />
      ),
    ],
    [
      "tokens",
      tokens.length === 1 ? "Token" : "Tokens",
      tokens.length > 0 && <TokenList run={run} message={message} tokens={tokens} />,
    ],
    ["http", "Request and response", (hasHttp || signer) && <HttpView message={message} source={source} />],
  ];
  const tabs = all.filter(([, , content]) => content);
  const [first] = tabs;
  if (first === undefined) return null;
  const shown = tabs.some(([name]) => name === tab) ? tab : first[0];
  return <Tabs label="Message details" tabs={tabs} selected={shown} onSelect={onTab} />;
}

/** All checks passed, but the message was refused or an interaction is required. */
function AfterChecks({ message }: { message: Message }) {
  const after = afterChecks(message);
  const party = partyName(message.stoppedAt ?? message.to);
  if (interactionUrl(message) !== undefined) {
    return (
      <p className="outcome" data-outcome="challenged">
        Then {party} requested a user interaction with status {message.status}.
      </p>
    );
  }
  if (after === undefined) return null;
  return (
    <p className="outcome" data-outcome={after === "policy" ? "refused" : "challenged"}>
      {after === "policy"
        ? `Then the policy of ${party} refused the caller with status ${message.status}.`
        : `Then the application of ${party} responded with status ${message.status}.`}
    </p>
  );
}
