import { Loader } from "@mantine/core";
import type { UserManager } from "oidc-client-ts";
import { useSession } from "../auth/use-session.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { forgetConsent } from "../features/consent/consent-storage.ts";
import { forgetOrderReturn } from "../features/interaction/order-return.ts";
import { createPageMemory } from "../features/optimization/page-memory.ts";
import styles from "./app.module.css";
import { Header } from "./header.tsx";
import { Landing } from "./landing.tsx";
import { Workspace } from "./workspace.tsx";

/** The whole page: which of its three faces shows depends on the session alone. */
export function App({ config, userManager }: { config: RuntimeConfig; userManager: UserManager }) {
  const control = useSession(userManager);
  const { session } = control;
  const user = session.kind === "signed-in" || session.kind === "lapsed" ? session.user : undefined;

  const signOut = () => {
    forgetConsent(window.sessionStorage);
    forgetOrderReturn(window.sessionStorage);
    createPageMemory(window.sessionStorage).forget();
    control.signOut();
  };

  return (
    <>
      <Header user={user} onSignOut={signOut} />
      <main className={styles.main}>
        {session.kind === "loading" && (
          <div className={styles.loading} role="status" aria-label="Loading">
            <Loader type="dots" />
          </div>
        )}
        {session.kind === "signed-out" && <Landing problem={session.problem} onSignIn={control.signIn} />}
        {user && <Workspace key={user.profile.sub} config={config} control={control} user={user} />}
      </main>
    </>
  );
}
