// A client of Baileys that a test drives: it is paired, sends, reads, and says on
// standard output what it sees, one JSON object a line. Standard input has what it
// is to do, one JSON object a line.
//
// Arguments: the server's address, its root key in hex.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.env.LONGRUN_BAILEYS + '/')
const load = async name => import(pathToFileURL(require.resolve(name)))
const baileys = await load('baileys')
const { makeWASocket, initAuthCreds, WA_CERT_DETAILS, makeCacheableSignalKeyStore } = baileys
const pino = (await load('pino')).default

const [address, root, number] = process.argv.slice(2)
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root, 'hex')

const say = (kind, what = {}) => console.log(JSON.stringify({ kind, ...what }))
const logger = pino({ level: process.env.BAILEYS_LOG ?? 'silent' }, process.stderr)

const creds = initAuthCreds()
const kept = new Map()
const keys = makeCacheableSignalKeyStore({
  get: async (type, ids) => Object.fromEntries(ids.flatMap(id => {
    const value = kept.get(`${type}/${id}`)
    return value === undefined ? [] : [[id, value]]
  })),
  set: async data => {
    for (const type in data) for (const id in data[type]) {
      const value = data[type][id]
      if (value === null) kept.delete(`${type}/${id}`)
      else kept.set(`${type}/${id}`, value)
    }
  },
}, logger)

let sock
const sent = new Map()
const connect = () => {
  sock = makeWASocket({
    waWebSocketUrl: address, auth: { creds, keys }, logger,
    shouldSyncHistoryMessage: () => false,
    getMessage: async key => sent.get(key.id),
    markOnlineOnConnect: false,
  })
  const mine = sock
  sock.ev.on('creds.update', update => Object.assign(creds, update))
  sock.ev.on('connection.update', update => {
    if (update.qr) say('qr', { code: update.qr })
    if (update.connection === 'open') say('open', { me: creds.me })
    if (update.reachoutTimeLock) say('timelock', { lock: update.reachoutTimeLock })
    if (update.receivedPendingNotifications) say('caught-up')
    if (update.connection === 'close' && mine === sock) {
      const reason = update.lastDisconnect?.error?.output?.statusCode
      say('close', { reason })
      if ([428, 408, 503, 515].includes(reason)) connect()
    }
  })
  // What comes soon after a message, its receipt or error, is no update: the
  // message has it already.
  sock.ev.on('messages.upsert', ({ messages, type }) => {
    for (const m of messages) {
      say('message', {
        id: m.key.id, text: m.message?.conversation ?? m.message?.extendedTextMessage?.text ?? null, key: m.key,
        status: m.status ?? 0, error: m.messageStubParameters?.[0] ?? null,
      })
    }
  })
  sock.ev.on('messages.update', updates => {
    for (const { key, update } of updates) {
      say('update', { id: key.id, status: update.status ?? null, error: update.messageStubParameters?.[0] ?? null })
    }
  })
}
connect()

const orders = {
  send: async ({ to, text }) => {
    const m = await sock.sendMessage(to, { text })
    sent.set(m.key.id, m.message)
    return { id: m.key.id }
  },
  known: async ({ number }) => ({ list: await sock.onWhatsApp(number) }),
  read: async ({ key }) => { await sock.readMessages([key]); return {} },
  privacy: async () => ({ categories: await sock.fetchPrivacySettings(true) }),
  timelock: async () => ({ lock: await sock.fetchAccountReachoutTimelock() }),
  digest: async () => { await sock.digestKeyBundle(); return {} },
  rotate: async () => { await sock.rotateSignedPreKey(); return {} },
  code: async ({ number }) => ({ code: await sock.requestPairingCode(number) }),
  logout: async () => { await sock.logout(); return {} },
}
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line)
  orders[order.do](order).then(
    result => say('done', { order: order.do, ...result }),
    err => say('failed', { order: order.do, error: String(err) }),
  )
}
process.exit(0)
