// One conversation's workflow in plain words: what it waits for, what comes next and when, and why everything happened.

import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, useParams } from "react-router";

import { useCommand } from "../../api/commands";
import { may, useMe } from "../../api/me";
import { Problem, wordsOf } from "../../api/problem";
import { chatQuery, closeReasonsQuery, ledgerQuery, logQuery, workflowQuery } from "../../api/queries";
import type { Chat, Workflow } from "../../api/types";
import { exact, moment, span } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { windowOf } from "../../live/sla";
import { Empty } from "../../ui/empty";
import { Icon } from "../../ui/icon";
import { LinkBanner } from "../../ui/link-banner";
import { SlaChip } from "../../ui/sla-chip";
import { Status } from "../../ui/status";
import { useTicking } from "../../ui/ticker";
import { toast } from "../../ui/toast";
import { nameOf } from "../desk/client";
import { useFollowing } from "../desk/use-following";
import { useWordsOf } from "../desk/words";
import { Title } from "../title";
import { Ledger } from "./ledger";
import { Next } from "./next";
import { sentenceOf } from "./sentence";
import { strandsOf } from "./strands";
import { Timeline } from "./timeline";
import { Variables } from "./variables";
import "./workflow.css";

/** What no event tells: a run that went on, Temporal that answers again. */
const EVERY = 15_000;

const NONE: readonly never[] = [];

export default function WorkflowPage() {
  const { chatId = "" } = useParams();
  const { language, say } = useLanguage();
  const client = useQueryClient();
  const words = useWordsOf();
  const { data: chat, error } = useQuery(chatQuery(chatId));
  const { data: workflow, error: unknown, refetch } = useQuery({
    ...workflowQuery(chatId, language), refetchInterval: EVERY,
  });
  const { data: ledger, hasNextPage, fetchNextPage } = useInfiniteQuery(ledgerQuery(chatId, language));
  const { data: log } = useQuery({ ...logQuery(client, chatId), staleTime: Infinity });
  useFollowing(chat);
  // A moment that has come changes what is said at once.
  const passed = useTicking((now) =>
    workflow?.next.filter(({ at }) => at !== null && Date.parse(at) <= now).length ?? 0);
  useEffect(() => { if (passed > 0) void refetch(); }, [passed, refetch]);
  useEffect(() => { if (hasNextPage) void fetchNextPage(); }, [hasNextPage, fetchNextPage, ledger]);

  const failed = error ?? unknown;
  if (!chat || !workflow) {
    return (
      <main className="workflow" aria-busy={!failed}>
        <Title what={say("workflow")} />
        {failed && (
          <Empty title={failed instanceof Problem && failed.status === 404 ? say("conversation.gone") : wordsOf(failed, say)}>
            <Link className="button small" to="/">{say("workflow.home")}</Link>
          </Empty>
        )}
      </main>
    );
  }
  const items = ledger?.pages.flatMap((page) => page.items) ?? NONE;
  const strands = strandsOf({ messages: log?.messages ?? NONE, ledger: items, next: workflow.next, wordsOf: words });
  return (
    <main className="workflow">
      <Title what={say("workflow.of", { name: nameOf(chat.client) })} />
      <Head chat={chat} workflow={workflow} />
      <LinkBanner />
      <Sentence chat={chat} workflow={workflow} />
      <div className="workflow-body">
        <div className="workflow-left">
          <Timeline strands={strands} />
          <Variables workflow={workflow} />
        </div>
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys */}
        <div className="workflow-right" tabIndex={0} role="region" aria-label={say("workflow.aheadAndWhy")}>
          <Next workflow={workflow} />
          <Ledger items={items} />
        </div>
      </div>
    </main>
  );
}

function Head({ chat, workflow }: { chat: Chat; workflow: Workflow }) {
  const { say } = useLanguage();
  const me = useMe();
  const { mutate } = useCommand();
  const copy = () => {
    navigator.clipboard.writeText(window.location.href).then(
      () => { toast({ icon: "link", words: say("workflow.copied") }); },
      () => { toast({ icon: "err", words: say("workflow.notCopied") }); },
    );
  };
  const verb = workflow.held ? "resume" : "hold";
  return (
    <header className="head">
      <nav className="crumbs" aria-label={say("workflow.way")}>
        <Link to={`/chats/${chat.id}?tab=all`}>{say("rail.chats")}</Link>
        <Icon name="right" size={12} />
        {chat.queue && <><span>{chat.queue.name}</span><Icon name="right" size={12} /></>}
        <h1>{nameOf(chat.client)}</h1>
      </nav>
      <Status status={chat.status} />
      <SlaChip chat={chat} wide />
      <span className="space" />
      {workflow.temporalUrl !== null && (
        <a className="button small" href={workflow.temporalUrl} target="_blank" rel="noreferrer"><Icon name="out" size={14} /><span className="word">{say("workflow.temporal")}</span></a>
      )}
      <button type="button" className="button small" onClick={copy}><Icon name="link" size={14} /><span className="word">{say("workflow.copy")}</span></button>
      {may(me, "workflows.intervene") && chat.status !== "closed" && (
        <button type="button" className="button small" onClick={() => { mutate({ chatId: chat.id, asked: { verb } }); }}>
          <Icon name={workflow.held ? "play" : "pause"} size={14} /><span className="word">{say(workflow.held ? "workflow.resume" : "workflow.hold")}</span>
        </button>
      )}
      <Link className="button small primary" to={`/chats/${chat.id}?tab=all`}><Icon name="active" size={14} />{say("workflow.chat")}</Link>
    </header>
  );
}

/** It runs with the clock, in the reader's own zone, so that nothing in it has to be worked out. */
function Told({ chat }: { chat: Chat }) {
  const { language, say } = useLanguage();
  const { data: reasons } = useQuery({ ...closeReasonsQuery(), enabled: chat.status === "closed" });
  const { key, since, until } = sentenceOf(chat);
  const time = useTicking((now) => since === undefined ? "" : span(language, now - since));
  const when = useTicking((now) => until === undefined ? "" : moment(language, until, now));
  const reason = reasons?.items.find((one) => one.key === chat.closeReason)?.name ?? chat.closeReason ?? "";
  return say(key, {
    client: nameOf(chat.client), agent: chat.agent?.name ?? say("author.agent"), queue: chat.queue?.name ?? say("sentence.noQueue"),
    time, when, reason,
  });
}

function Ahead({ workflow }: { workflow: Workflow }) {
  const { language, say } = useLanguage();
  const [timer] = workflow.timers;
  const due = timer ? Date.parse(timer.dueAt) : undefined;
  const at = useTicking((now) => due === undefined || due <= now ? "" : moment(language, due, now));
  if (!timer || at === "" || workflow.held) return null;
  const [before, between, behind] = say("sentence.next", { at: "\n", effect: "\n" }).split("\n");
  return <>{before}<b className="figures">{at}</b>{between}{timer.effect}{behind}</>;
}

function Sentence({ chat, workflow }: { chat: Chat; workflow: Workflow }) {
  const { language, say } = useLanguage();
  const { flow, runs, temporalAnswers } = workflow;
  const left = useTicking((now) => {
    const { open, left: rest } = windowOf(chat, now);
    return open ? say("workflow.window.left", { left: span(language, rest) }) : say("workflow.window.closed");
  });
  const events = runs.reduce((sum, run) => sum + run.events, 0);
  return (
    <section className="sentence" aria-label={say("workflow.summary")}>
      <div>
        <p className="big"><Told chat={chat} /> <Ahead workflow={workflow} /></p>
        {workflow.waitsFor !== null && <p className="muted">{say("workflow.waitsFor", { what: workflow.waitsFor })}</p>}
      </div>
      <dl className="figures">
        {flow && <div><dt>{say("workflow.flow")}</dt><dd>{say("workflow.flow.version", { flow: flow.id, version: flow.version })}{flow.node !== null && ` · ${flow.node}`}</dd></div>}
        <div><dt>{say("workflow.window")}</dt><dd title={chat.windowClosesAt === null ? undefined : exact(language, Date.parse(chat.windowClosesAt))}>{left}</dd></div>
        <div><dt>{say("workflow.runs")}</dt><dd>{temporalAnswers ? say(runs.length === 1 ? "workflow.runs.one" : "workflow.runs.many", { runs: runs.length, events }) : say("workflow.runs.unknown")}</dd></div>
      </dl>
    </section>
  );
}
