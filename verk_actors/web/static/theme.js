// Before anything is drawn: the colours that were chosen in this browser; those of the system unless there are any.
"use strict";
try {
  const theme = localStorage.getItem("verk_theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* storage is forbidden here */ }
