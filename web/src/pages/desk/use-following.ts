// Follows a chat while it is looked at: what was said since its messages were asked for, and everything from now on.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { logQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { follow } from "../../live/connection";
import { lastSeq } from "../../live/log";

export function useFollowing(chat: Chat | undefined): void {
  const client = useQueryClient();
  const id = chat?.id ?? "";
  const conversationId = chat?.conversationId;
  const { data: from } = useQuery({
    ...logQuery(client, id), enabled: id !== "", select: (log) => lastSeq(log) ?? 0,
    // Events keep it whole; only a `resync` asks for it again.
    staleTime: Infinity,
  });
  const ready = from !== undefined && conversationId !== undefined;
  useEffect(() => {
    if (!ready) return;
    return follow({ id, conversationId }, from);
    // Once it is followed, events move it on; where it began does not matter any more.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ready, id, conversationId]);
}
