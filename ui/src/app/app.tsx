import { Loader } from "@mantine/core";
import type { UserManager } from "oidc-client-ts";
import { Suspense } from "react";
import { isSignedOut, noteSignOut } from "../auth/signed-out.ts";
import { useSession } from "../auth/use-session.ts";
import { loadLater } from "../components/load-later.tsx";
import { MAIN_ID, SkipLink } from "../components/skip-link.tsx";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { forgetConsent } from "../features/consent/consent-storage.ts";
import { forgetOrderReturn } from "../features/interaction/order-return.ts";
import { createPageMemory } from "../features/optimization/page-memory.ts";
import { GUIDE } from "./build-yours.tsx";
import { failedReturn } from "./failed-return.ts";
import { Header } from "./header.tsx";
import { Landing } from "./landing.tsx";

const Workspace = loadLater(() => import("./workspace.tsx"));

const SPECIFICATION = "https://datatracker.ietf.org/doc/html/draft-hardt-oauth-aauth-protocol-11";

/** The whole page. The session determines which of three states it shows. */
export function App({ config, userManager }: { config: RuntimeConfig; userManager: UserManager }) {
  const control = useSession(userManager, forget);
  const { session } = control;
  const user = session.kind === "signed-in" || session.kind === "lapsed" ? session.user : undefined;

  return (
    <>
      <SkipLink />
      <Header config={config} user={user} onSignOut={control.signOut} />
      <main id={MAIN_ID} tabIndex={-1}>
        {session.kind === "loading" && <Loading />}
        {session.kind === "signed-out" && (
          <Landing
            problem={session.problem}
            returned={failedReturn(window.sessionStorage)}
            onSignIn={control.signIn}
            userOfOtherTab={control.otherTabsUser}
            isSignedOut={isSignedOut(window.sessionStorage)}
            config={config}
          />
        )}
        {user && (
          <Suspense fallback={<Loading />}>
            <Workspace key={user.profile.sub} config={config} control={control} user={user} />
          </Suspense>
        )}
      </main>
      <footer className="note">
        AAuth is an authorization protocol for agents by Dick Hardt, an Internet-Draft:{" "}
        <a href={SPECIFICATION}>draft-hardt-oauth-aauth-protocol-11</a>, called draft -11 here.{" "}
        <a href={GUIDE}>Guide to the library</a> · <a href="/why.html#demo">Why was a message refused?</a>
      </footer>
    </>
  );
}

function Loading() {
  return (
    <div className="loading" role="status" aria-label="Loading">
      <Loader type="dots" />
    </div>
  );
}

/** Removes what this tab keeps for its user. */
function forget(): void {
  forgetConsent(window.sessionStorage);
  forgetOrderReturn(window.sessionStorage);
  createPageMemory(window.sessionStorage).forget();
  noteSignOut(window.sessionStorage);
}
