// A password reset in better-auth: ask, take the mailed token, set the password. Prints the median CPU time of one reset
// in milliseconds. The hash costs nothing; the store is in memory.
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { readFileSync } from "node:fs";

const ROUNDS = 40;
const RESETS = 5;
const db = { user: [], session: [], account: [], verification: [], rateLimit: [] };
let token = "";

const auth = betterAuth({
  baseURL: "http://localhost:3000",
  secret: "x".repeat(50),
  database: memoryAdapter(db),
  rateLimit: { enabled: false },
  emailAndPassword: {
    enabled: true,
    revokeSessionsOnPasswordReset: true,
    password: {
      hash: async (password) => `plain:${password}`,
      verify: async ({ hash, password }) => hash === `plain:${password}`,
    },
    sendResetPassword: async (mail) => {
      token = mail.token;
    },
  },
});

async function post(path, body) {
  const request = new Request(`http://localhost:3000/api/auth${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: "http://localhost:3000" },
    body: JSON.stringify(body),
  });
  const response = await auth.handler(request);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function reset(email, newPassword) {
  await post("/request-password-reset", { email, redirectTo: "/done" });
  await post("/reset-password", { newPassword, token });
}

const people = [];
for (let n = 0; n < RESETS; n += 1) {
  const email = `person${n}@home.example`;
  await post("/sign-up/email", { email, name: "Person", password: "The password that everybody has 1" });
  people.push(email);
}
const times = [];
for (let round = 0; round <= ROUNDS; round += 1) {
  const begun = process.cpuUsage();
  for (const email of people) await reset(email, `Another password of round ${round} it is`);
  const used = process.cpuUsage(begun);
  times.push((used.user + used.system) / 1000 / RESETS);
}
const sorted = times.slice(1).sort((a, b) => a - b);
const { version } = JSON.parse(readFileSync("node_modules/better-auth/package.json", "utf8"));
console.log(`better-auth ${version}: ${sorted[Math.floor(sorted.length / 2)].toFixed(2)} ms CPU a reset`);
