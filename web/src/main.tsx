// The start of the application: the theme before anything is painted, then the page of this address.

import "./ui/fonts.css";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/controls.css";
import "./ui/entrance.css";
import "./ui/pieces.css";
import "./ui/frame.css";
import "./pages/state.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { App } from "./app";
import { applyTheme, rememberedTheme } from "./ui/theme";

applyTheme(rememberedTheme());

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(<StrictMode><BrowserRouter><App /></BrowserRouter></StrictMode>);
