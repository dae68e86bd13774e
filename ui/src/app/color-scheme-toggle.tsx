import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { shareColorScheme } from "../components/color-scheme.ts";
import { MoonIcon, SunIcon } from "../components/icons.tsx";

/** Switches between light and dark, for this and the demo's other pages. */
export function ColorSchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={`Use ${other} colors`}
      onClick={() => {
        setColorScheme(other);
        shareColorScheme(other);
      }}
    >
      {scheme === "dark" ? <SunIcon /> : <MoonIcon />}
    </ActionIcon>
  );
}
