import { Button } from "@mantine/core";
import type { User } from "oidc-client-ts";
import { useState } from "react";
import { AuthTokensDialog } from "../auth/auth-tokens-dialog.tsx";
import { userName } from "../auth/user-name.ts";
import { BrandMark } from "../components/brand-mark.tsx";
import { KeyIcon, SignOutIcon } from "../components/icons.tsx";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { ColorSchemeToggle } from "./color-scheme-toggle.tsx";
import styles from "./header.module.css";
import { VersionMenu } from "./version-menu.tsx";

const quiet = { variant: "subtle", color: "gray", size: "compact-sm" };

interface HeaderProps {
  config: RuntimeConfig;
  user: User | undefined;
  onSignOut: () => void;
}

/** Brand, version and mode, the signed-in user, and their session controls. */
export function Header({ config, user, onSignOut }: HeaderProps) {
  const [areTokensShown, setTokensShown] = useState(false);
  return (
    <header className={styles.header}>
      <div className={`line ends ${styles.inner}`}>
        <div className={`line ${styles.brand}`}>
          <BrandMark />
          <h1>AAuth demo</h1>
        </div>
        <VersionMenu config={config} />
        <div className={`line ${styles.controls}`}>
          {user && (
            <span className={`note ${styles.user}`} data-testid="signed-in-user" title={user.profile.email}>
              {userName(user)}
            </span>
          )}
          {user && (
            <>
              <Button
                {...quiet}
                leftSection={<KeyIcon />}
                aria-haspopup="dialog"
                onClick={() => setTokensShown(true)}
              >
                Your sign-in
              </Button>
              <Button {...quiet} leftSection={<SignOutIcon />} onClick={onSignOut}>
                Sign out
              </Button>
            </>
          )}
          <ColorSchemeToggle />
        </div>
      </div>
      {user && <AuthTokensDialog user={user} opened={areTokensShown} onClose={() => setTokensShown(false)} />}
    </header>
  );
}
