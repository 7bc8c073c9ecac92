// What the installation depends on, what each part does for messages, and whether it answers.

import { type Service, services } from "../api/readiness";
import { type Say, useLanguage } from "../i18n/language";
import type { Key } from "../i18n/messages";
import type { Watch } from "../live/watch";
import { Chip, type Tone } from "../ui/chip";
import type { IconName } from "../ui/icon";

export function Services({ watch }: { watch: Watch }) {
  const { say } = useLanguage();
  const rows = [
    ...services.map((service) => ({ service, does: known[service].does })),
    ...strangers(watch).map((service) => ({ service, does: "service.unknown.does" as const })),
  ];
  return (
    <section aria-labelledby="services">
      <h2 id="services">{say("services")}</h2>
      <ul className="services">
        {rows.map(({ service, does }) => {
          const { word, ...look } = answers[answerOf(watch, service)];
          return (
            <li key={service}>
              <span><b>{nameOf(service, say)}</b><span className="muted">{say(does)}</span></span>
              <Chip {...look}>{say(word)}</Chip>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** A service as people know it; one that this build does not know keeps its own name. */
export function nameOf(service: string, say: Say): string {
  const found = services.find((one) => one === service);
  return found ? say(known[found].name) : service;
}

/** Who is away that this build does not know. */
export function strangers({ last }: Watch): string[] {
  const names: readonly string[] = services;
  return last?.readiness.degraded.filter((name) => !names.includes(name)) ?? [];
}

type Answer = "up" | "down" | "stale" | "asking";

const answers: Record<Answer, { word: Key; tone: Tone; icon: IconName }> = {
  up: { word: "service.up", tone: "ok", icon: "check" },
  down: { word: "service.down", tone: "warn", icon: "warning" },
  stale: { word: "service.stale", tone: "paused", icon: "clock" },
  asking: { word: "service.asking", tone: "paused", icon: "clock" },
};

const known: Record<Service, { name: Key; does: Key }> = {
  postgres: { name: "service.postgres", does: "service.postgres.does" },
  temporal: { name: "service.temporal", does: "service.temporal.does" },
  redis: { name: "service.redis", does: "service.redis.does" },
};

function answerOf({ phase, last }: Watch, service: string): Answer {
  if (phase === "lost") return "stale";
  if (!last) return "asking";
  return last.readiness.degraded.includes(service) ? "down" : "up";
}
