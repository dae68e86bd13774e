import { Button, type ButtonProps, Loader } from "@mantine/core";
import type { ButtonHTMLAttributes } from "react";

interface BusyButtonProps
  extends ButtonProps,
    Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ButtonProps> {
  /** The action is in progress. */
  busy: boolean;
}

/**
 * A button that ignores presses while busy and keeps the keyboard focus, which a disabled button
 * loses.
 */
export function BusyButton({ busy, onClick, leftSection, ...others }: BusyButtonProps) {
  return (
    <Button
      {...others}
      aria-disabled={busy || undefined}
      mod={{ busy }}
      leftSection={busy ? <Loader size={14} color="currentColor" /> : leftSection}
      onClick={(event) => {
        // A form is not sent either, nor by Enter in one of its fields.
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
