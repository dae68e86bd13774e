import { type ByDialect, ofDialect } from "protocol-trace/by-dialect";
import { Panel } from "../components/panel.tsx";
import { ProtocolSteps } from "../components/protocol-steps.tsx";

const WILL_HAPPEN: ByDialect<string> = {
  "february-2026":
    "Press the button: the backend calls the supply-chain agent, reads in the answer what is missing, gets a token that works with its own key alone, and calls again. Every message appears here, with each check that it passed.",
  "draft-11":
    "Press the button: the backend calls the supply-chain agent with its own key, is asked for whom it acts and what you allow, gets both from your person server, and calls again. Every message appears here, with each check that it passed.",
};

/** The stage before the first run: its messages to come. */
export function EmptyStage({ profile }: { profile: string | undefined }) {
  return (
    <Panel title="What will happen">
      <p>{ofDialect(WILL_HAPPEN, profile)}</p>
      <ProtocolSteps profile={profile} />
    </Panel>
  );
}
