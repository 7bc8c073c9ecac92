// The log-in: an address and a password, and in.

import { type KeyboardEvent, type SyntheticEvent, useId, useState } from "react";
import { Link, Navigate, useNavigate, useSearchParams } from "react-router";

import { answered, api } from "../../api/client";
import { Problem, wordsOf } from "../../api/problem";
import { accept } from "../../api/session";
import { useSession } from "../../api/use-session";
import { useLanguage } from "../../i18n/language";
import { Entrance } from "../../ui/entrance";
import { Icon } from "../../ui/icon";
import "./login.css";

export function LoginPage() {
  const { say } = useLanguage();
  const session = useSession();
  const [parameters] = useSearchParams();
  const next = inside(parameters.get("next"));
  if (session === "in") return <Navigate to={next} replace />;
  return (
    <Entrance hold={{ question: "taut", decision: "taut", answer: "basted" }}>
      <title>{say("title", { what: say("login") })}</title>
      <h1>{say("login.sentence")}</h1>
      <LoginForm next={next} />
      <Link className="button quiet aside" to="/state">{say("login.state")}</Link>
    </Entrance>
  );
}

function LoginForm({ next }: { next: string }) {
  const { say } = useLanguage();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [refusal, setRefusal] = useState<unknown>();

  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (asking) return;
    const form = new FormData(event.currentTarget);
    const text = (name: string) => {
      const value = form.get(name);
      return typeof value === "string" ? value : "";
    };
    setAsking(true);
    setRefusal(undefined);
    try {
      accept(await answered(api.POST("/api/v1/auth/login", {
        body: { email: text("email").trim(), password: text("password") },
      })));
      void navigate(next, { replace: true });
    } catch (error) {
      setRefusal(error);
      setAsking(false);
    }
  };
  const wrong = refusal instanceof Problem && refusal.code === "credentials-invalid";
  return (
    <form className="login" onSubmit={(event) => void submit(event)} aria-label={say("login")}>
      <Field name="email" type="email" label={say("login.email")} autoComplete="username" wrong={wrong} />
      <Password wrong={wrong} />
      {refusal !== undefined && (
        <p className="callout bad" role="alert"><Icon name="err" /><span>{wordsOf(refusal, say)}</span></p>
      )}
      <button type="submit" className="button primary large" aria-disabled={asking}>
        {say(asking ? "login.asking" : "login.enter")}
      </button>
    </form>
  );
}

type Parts = { name: string; type: string; label: string; autoComplete: string; wrong: boolean };

function Field({ name, type, label, autoComplete, wrong }: Parts) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} name={name} type={type} className="input large" autoComplete={autoComplete} required aria-invalid={wrong} />
    </div>
  );
}

function Password({ wrong }: { wrong: boolean }) {
  const { say } = useLanguage();
  const id = useId();
  const [seen, setSeen] = useState(false);
  const [capitals, setCapitals] = useState(false);
  const look = (event: KeyboardEvent) => { setCapitals(event.getModifierState("CapsLock")); };
  return (
    <div className="field">
      <label htmlFor={id}>{say("login.password")}</label>
      <div className="input large">
        <input
          id={id}
          name="password"
          type={seen ? "text" : "password"}
          autoComplete="current-password"
          required
          aria-invalid={wrong}
          onKeyDown={look}
          onKeyUp={look}
        />
        <button type="button" className="button plain square small" aria-pressed={seen} aria-label={say("login.see")} onClick={() => { setSeen(!seen); }}>
          <Icon name="eye" />
        </button>
      </div>
      {capitals && <p className="hint" role="status"><Icon name="warning" size={14} />{say("login.capitals")}</p>}
    </div>
  );
}

/** A path of this application; anything else leads home. */
const inside = (next: string | null): string => next?.startsWith("/") && !next.startsWith("//") ? next : "/";
