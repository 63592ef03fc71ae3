// A Purser to test against: starts the real binary, kills it, and starts it again.
//
// A server listens on a free port of this machine and keeps its data in a folder of its own. Tests
// meet it through the official SDK only; nothing here speaks HTTP.

import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {after} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

import Stripe from 'stripe';

const START_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 30_000;
const TEST_KEY = 'sk_test_node_clients';

const DEFAULT_BINARY = new URL('../../../target/debug/purser', import.meta.url);
/** The binary that is tested. */
export const BINARY = process.env.PURSER_BIN || fileURLToPath(DEFAULT_BINARY);

/** One server and its database. */
export class Purser {
  constructor(...options) {
    assert(existsSync(BINARY), `there is no ${BINARY}: build it, or set PURSER_BIN`);
    this.folder = mkdtempSync(join(tmpdir(), 'purser-'));
    this.store = `sqlite:${join(this.folder, 'purser.db')}`;
    this.log = join(this.folder, 'purser.log');
    this.options = options;
    this.port = 0;
  }

  /** Starts the server; after a kill it comes back at the same address. */
  async start() {
    const listen = `127.0.0.1:${this.port}`;
    const log = openSync(this.log, 'a');
    const words = ['serve', '--listen', listen, '--store', this.store, ...this.options];
    const stdio = ['ignore', 'pipe', log];
    this.process = spawn(BINARY, words, {env: environment(), stdio});
    closeSync(log);
    this.port = await this.announcedPort();
    return this;
  }

  /** Ends the server as a power cut would: kill -9, no warning. */
  async kill() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
  }

  /** Kills the server and starts it again. */
  async crash() {
    await this.kill();
    await this.start();
  }

  /** Kills the server for good and has the books it leaves behind examined. */
  async stop() {
    await this.kill();
    await this.command('doctor');
    rmSync(this.folder, {recursive: true});
  }

  /** A client as a user makes one; `config` is that of the SDK. */
  client(config = {}, key = TEST_KEY) {
    return new Stripe(key, {host: '127.0.0.1', port: this.port, protocol: 'http', ...config});
  }

  /** A client in a world of its own: in the sandbox naming an account opens an empty one. */
  world(config = {}) {
    const stripeAccount = `acct_${randomUUID().replaceAll('-', '')}`;
    return this.client({stripeAccount, ...config});
  }

  /** Makes an API key with `purser keys`; scopes make it a restricted one. */
  async makeKey(name, {mode = 'test', scopes = []} = {}) {
    const restricted = scopes.length ? ['--restricted'] : [];
    const scoped = scopes.map((scope) => `--scope=${scope}`);
    const words = ['--name', name, '--mode', mode, ...restricted, ...scoped, '--json'];
    return JSON.parse(await this.command('keys', 'create', ...words));
  }

  /** What the binary prints when it is run on this server's database. */
  async command(...words) {
    const settings = {env: environment(), timeout: COMMAND_TIMEOUT_MS};
    const all = [...words, '--store', this.store];
    const {stdout} = await promisify(execFile)(BINARY, all, settings);
    return stdout;
  }

  async announcedPort() {
    // A server that never speaks is killed, which ends its output and so the loop.
    const deadline = setTimeout(() => this.process.kill('SIGKILL'), START_TIMEOUT_MS);
    try {
      for await (const line of createInterface({input: this.process.stdout})) {
        const found = line.match(/http:\/\/127\.0\.0\.1:(\d+)/);
        if (found) return Number(found[1]);
      }
    } finally {
      clearTimeout(deadline);
    }
    throw new Error(`${BINARY} did not start; it said:\n${readFileSync(this.log, 'utf8')}`);
  }
}

/** Starts a server for all tests of a file. */
export async function startServer(...options) {
  const server = await new Purser(...options).start();
  after(() => server.stop());
  // A run that ends early leaves no server behind.
  process.on('exit', () => server.process.kill('SIGKILL'));
  return server;
}

/** The environment without settings for Purser, which would win over what a test means. */
function environment() {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PURSER_'));
  return Object.fromEntries(kept);
}
