import { Button, type ButtonProps, Loader } from "@mantine/core";
import type { ButtonHTMLAttributes } from "react";

interface BusyButtonProps
  extends ButtonProps,
    Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ButtonProps> {
  /** The action is in progress. */
  busy: boolean;
}

/**
 * A button that ignores presses while busy. Unlike a disabled button, it keeps the keyboard focus.
 */
export function BusyButton({ busy, onClick, leftSection, ...others }: BusyButtonProps) {
  return (
    <Button
      {...others}
      aria-disabled={busy || undefined}
      mod={{ busy }}
      leftSection={busy ? <Loader size={14} color="currentColor" /> : leftSection}
      onClick={(event) => {
        // Also prevents the submission of a form, including by Enter in one of its fields.
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
