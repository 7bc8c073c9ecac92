// A person as two letters, with their presence as a shape of its own.

import { memo } from "react";

import type { AgentState } from "../api/types";

type Look = { name: string; accent?: boolean; size?: "small" | "large"; presence?: AgentState | undefined };

export const Avatar = memo(function Avatar({ name, accent = false, size, presence }: Look) {
  const look = ["avatar", accent && "accent", size].filter(Boolean).join(" ");
  return (
    <span className={look} aria-hidden="true">
      {initials(name)}
      {presence && presence !== "offline" && <i className={`presence ${presence}`} />}
    </span>
  );
});

/** `CM` of Carolina Muñoz; the last two digits of a number without a name. */
export function initials(name: string): string {
  const words = name.match(/\p{L}[\p{L}\p{M}'’-]*/gu) ?? [];
  const [first] = words;
  if (first === undefined) return name.replace(/\D/g, "").slice(-2) || "·";
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [first, last].map((word) => String.fromCodePoint(word?.codePointAt(0) ?? 0x200b)).join("")
    .replace("\u200b", "").toLocaleUpperCase();
}
