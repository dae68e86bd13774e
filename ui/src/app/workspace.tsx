import { Button } from "@mantine/core";
import type { User } from "oidc-client-ts";
import { Suspense, useEffect, useMemo, useState } from "react";
import { createApiClient } from "../api/client.ts";
import type { SessionControl } from "../auth/use-session.ts";
import { isAnotherUser, userName } from "../auth/user-name.ts";
import { loadLater } from "../components/load-later.tsx";
import { grantsPageUrl, type RuntimeConfig } from "../config/runtime-config.ts";
import { ConsentNotice } from "../features/consent/consent-notice.tsx";
import { forgetConsent, readConsentOutcome } from "../features/consent/consent-storage.ts";
import { failureOfReturn } from "../features/consent/describe-consent-error.ts";
import { GrantedConsent } from "../features/consent/granted-consent.tsx";
import { useConsent } from "../features/consent/use-consent.ts";
import { DelegatesPanel } from "../features/delegate/delegates-panel.tsx";
import { OrderPanel } from "../features/interaction/order-panel.tsx";
import { isOrderReturn } from "../features/interaction/order-return.ts";
import { OptimizationPage } from "../features/optimization/optimization-page.tsx";
import { createPageMemory } from "../features/optimization/page-memory.ts";
import type { OptimizationStart } from "../features/optimization/use-optimization.ts";
import { createBrowserTrace } from "../telemetry/browser-trace.ts";
import { BuildYours, GUIDE } from "./build-yours.tsx";
import { EmptyStage } from "./empty-stage.tsx";
import { NoSuchPage } from "./no-such-page.tsx";
import { useRunAddress } from "./use-run-address.ts";

const store = window.sessionStorage;
const RunPage = loadLater(() => import("./run-page.tsx"));
const FrontStage = loadLater(() => import("./front-stage.tsx"));

/** Modes in which a call names a user, whom a delegate of February cannot ask. */
const ASKS_A_USER: ReadonlySet<string | undefined> = new Set(["user-delegated"]);
/** Modes in which a call is accepted without a token that a server issues. */
const NEEDS_NO_TOKEN: ReadonlySet<string | undefined> = new Set(["agent-identity", "signature-only"]);

interface WorkspaceProps {
  config: RuntimeConfig;
  control: SessionControl;
  user: User;
}

/** The signed-in page. It connects the features, which are independent of each other. */
export default function Workspace({ config, control, user }: WorkspaceProps) {
  const { session, accessTokens, reportLapsed, signIn } = control;
  const isLapsed = session.kind === "lapsed";
  const client = useMemo(
    () =>
      createApiClient({
        backendUrl: config.backendUrl,
        accessTokens,
        onSessionLapsed: reportLapsed,
        startTrace:
          config.otlpUrl === undefined ? undefined : createBrowserTrace({ otlpUrl: config.otlpUrl }),
      }),
    [config.backendUrl, config.otlpUrl, accessTokens, reportLapsed],
  );
  const memory = useMemo(() => createPageMemory(store, user.profile.sub), [user.profile.sub]);
  const consent = useConsent(config.personServerUrl ?? config.authServerUrl);
  const [start] = useState(() => startFrom(config.profile));
  const { address, lost } = useRunAddress();
  useEffect(() => forgetConsent(store), []);
  // An order's outcome is shown at the top of the page, where the browser lands.
  const [isBackFromOrder] = useState(() => isOrderReturn(store));
  // An order needs a person, and no message of this mode names one.
  const mayOrder = config.mode !== "agent-identity";
  const grants = grantsPageUrl(config);
  const order = mayOrder && <OrderPanel client={client} store={store} disabled={isLapsed} />;

  return (
    <div className="column">
      {session.kind === "lapsed" && (
        <div className="card line ends" data-tone="waiting" role="alert" data-testid="lapsed-banner">
          <p>
            <strong>Your session has ended.</strong> Sign in again to continue. Your input is kept.
            {session.problem && ` ${session.problem.message}`}
          </p>
          <Button size="sm" onClick={signIn}>
            Sign in again
          </Button>
        </div>
      )}
      {isAnotherUser(user) && (
        <p className="card" role="status">
          You are now signed in as <strong>{userName(user)}</strong>. What was shown here belongs to the user
          before you.
        </p>
      )}
      {lost && <NoSuchPage key={lost} kind={lost} />}
      {address && (
        <Suspense fallback={null}>
          <RunPage
            key={[address.kind, address.requestId, address.attemptId].join(" ")}
            client={client}
            config={config}
            address={address}
            user={user}
            disabled={isLapsed}
          />
        </Suspense>
      )}
      {!address && !lost && (
        <OptimizationPage
          client={client}
          memory={memory}
          start={start}
          disabled={isLapsed}
          returned={isBackFromOrder && order}
          emptyStage={<EmptyStage config={config} />}
          renderStage={(requestId, parts) => (
            // It keeps the room of the stage while that loads.
            <Suspense fallback={<EmptyStage config={config} />}>
              <FrontStage
                key={requestId}
                client={client}
                config={config}
                requestId={requestId}
                user={user}
                disabled={isLapsed}
              >
                {parts}
              </FrontStage>
            </Suspense>
          )}
          onConsentRequired={(page) => consent.leave(page, false)}
          renderConsent={(page) => (
            <ConsentNotice page={page} state={consent.state} onReview={() => consent.leave(page, true)} />
          )}
          renderGranted={({ requestId, ...granted }) => (
            <GrantedConsent key={requestId} {...granted} client={client} disabled={isLapsed} />
          )}
        >
          {!isBackFromOrder && order}
          <DelegatesPanel
            client={client}
            disabled={isLapsed}
            needsTokens={!NEEDS_NO_TOKEN.has(config.mode)}
            isRefused={ASKS_A_USER.has(config.mode)}
          />
          <BuildYours />
          {grants !== undefined && <a href={grants}>What you have granted</a>}
          <a href={GUIDE}>The guide</a>
        </OptimizationPage>
      )}
    </div>
  );
}

/** After a return from the consent page: the run that it was for, and the failure, if any. */
function startFrom(profile: RuntimeConfig["profile"]): OptimizationStart {
  const outcome = readConsentOutcome(store);
  if (outcome === undefined) return {};
  const { requestId } = outcome;
  const failure = failureOfReturn(outcome, profile);
  return {
    ...(requestId !== undefined && { runId: requestId }),
    ...(failure && { failure }),
  };
}
