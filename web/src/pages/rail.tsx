// The rail: where one can go, what waits there, and one's own things.

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { NavLink } from "react-router";

import { supervises, useMe } from "../api/me";
import { noticesQuery } from "../api/queries";
import { useLogout } from "../api/use-session";
import { useLanguage } from "../i18n/language";
import { chooseSound, sound } from "../live/alerts";
import { Avatar } from "../ui/avatar";
import { Icon, type IconName } from "../ui/icon";
import { Mark } from "../ui/mark";
import { Preferences } from "../ui/preferences";
import { Sheet } from "../ui/sheet";
import { useStore } from "../ui/store";
import { Notices } from "./notices";
import { useUnread } from "./unread";

export function Rail() {
  const { say } = useLanguage();
  const me = useMe();
  const unread = useUnread();
  const [open, setOpen] = useState<"notices" | "me">();
  const { data: waiting = 0 } = useQuery({
    ...noticesQuery(), select: ({ items }) => items.filter(({ readAt }) => readAt === null).length,
  });
  const close = () => { setOpen(undefined); };
  return (
    <nav className="rail" aria-label={say("rail")}>
      <Mark />
      <Place to="/chats" icon="inbox" name={say("rail.chats")} count={unread} />
      {supervises(me) && <Place to="/room" icon="wall" name={say("rail.room")} />}
      <span className="space" />
      <Opener icon="bell" name={say("rail.notices")} count={waiting} open={open === "notices"} act={() => { setOpen("notices"); }} />
      <button
        type="button"
        className="place"
        title={me.name}
        aria-haspopup="dialog"
        aria-expanded={open === "me"}
        onClick={() => { setOpen("me"); }}
      >
        <span className="unseen">{say("rail.me", { name: me.name })}</span>
        <Avatar name={me.name} accent size="small" />
      </button>
      {open === "notices" && <Sheet title={say("rail.notices")} close={close}><Notices close={close} /></Sheet>}
      {open === "me" && <Sheet title={me.name} close={close}><Mine /></Sheet>}
    </nav>
  );
}

type Destination = { to: string; icon: IconName; name: string; count?: number };

function Place({ to, icon, name, count = 0 }: Destination) {
  return (
    <NavLink to={to} className="place" title={name}>
      <Icon name={icon} size={20} /><span className="unseen">{name}</span><Count of={count} />
    </NavLink>
  );
}

function Opener({ icon, name, count, open, act }: Omit<Destination, "to"> & { open: boolean; act: () => void }) {
  return (
    <button type="button" className="place" title={name} aria-haspopup="dialog" aria-expanded={open} onClick={act}>
      <Icon name={icon} size={20} /><span className="unseen">{name}</span><Count of={count ?? 0} />
    </button>
  );
}

const Count = ({ of }: { of: number }): ReactNode =>
  of > 0 && <span className="bubble-count" aria-hidden="true">{of > 99 ? "99+" : of}</span>;

function Mine() {
  const { say } = useLanguage();
  const me = useMe();
  const logout = useLogout(me);
  const on = useStore(sound);
  return (
    <div className="mine">
      <p className="muted">{me.email}</p>
      <label className="check">
        <input type="checkbox" checked={on} onChange={(event) => { chooseSound(event.target.checked); }} />
        <Icon name={on ? "sound" : "mute"} />{say("me.sound")}
      </label>
      <Preferences />
      <NavLink className="button" to="/state"><Icon name="info" />{say("me.state")}</NavLink>
      <button type="button" className="button" onClick={() => void logout()}><Icon name="exit" />{say("me.logout")}</button>
    </div>
  );
}
