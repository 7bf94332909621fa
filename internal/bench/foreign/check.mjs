// Checks a proof of a document, and who cosigned it, with nothing but Node.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [key, file, proofFile, ...witnesses] = process.argv.slice(2)
const fail = why => { console.error('check:', why); process.exit(1) }
const sha = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest()
const decode = text => {
  const raw = Buffer.from(text, 'base64')
  return raw.toString('base64') === text ? raw : fail('no base64: ' + text)
}

const verifier = (text, kind) => {
  const [name, id, ...rest] = text.split('+')
  const pub = decode(rest.join('+'))
  if (sha(name + '\n', pub).subarray(0, 4).toString('hex') !== id || pub[0] !== kind) fail('no verifier key')
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), pub.subarray(1)])
  return { name, id, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) }
}
const log = verifier(key, 1)

const proof = readFileSync(proofFile, 'utf8')
const cut = proof.indexOf('\n\n')
const [header, index, ...hashes] = proof.slice(0, cut).split('\n')
if (header !== 'c2sp.org/tlog-proof@v1' || !/^index (0|[1-9]\d*)$/.test(index)) fail('no proof')
const checkpoint = proof.slice(cut + 2)

const end = checkpoint.indexOf('\n\n')
const text = checkpoint.slice(0, end + 1)
const [origin, size, root] = text.split('\n')
if (origin !== log.name || !checkpoint.endsWith('\n')) fail('another log')
const signed = (by, check) => checkpoint.slice(end + 2).split('\n').some(line => {
  const [dash, name, signature] = line.split(' ')
  if (dash !== '—' || name !== by.name) return false
  const raw = decode(signature)
  return raw.subarray(0, 4).toString('hex') === by.id && check(raw.subarray(4))
})
if (!signed(log, raw => verify(null, Buffer.from(text), log.key, raw))) fail('the checkpoint is not signed with this key')
for (const by of witnesses.map(w => verifier(w, 4))) {
  const cosigned = raw => {
    const message = `cosignature/v1\ntime ${raw.readBigUInt64BE()}\n${text}`
    return raw.length === 72 && verify(null, Buffer.from(message), by.key, raw.subarray(8))
  }
  if (!signed(by, cosigned)) fail('it is not cosigned by ' + by.name)
}

// RFC 9162, 2.1.3.2
let fn = BigInt(index.slice(6)), sn = BigInt(size) - 1n
if (fn > sn) fail('the index is not in the tree')
let r = sha(Buffer.of(0), readFileSync(file))
for (const p of hashes.map(decode)) {
  if (sn === 0n) fail('too many hashes')
  if (fn & 1n || fn === sn) {
    r = sha(Buffer.of(1), p, r)
    while (!(fn & 1n) && fn) { fn >>= 1n; sn >>= 1n }
  } else {
    r = sha(Buffer.of(1), r, p)
  }
  fn >>= 1n; sn >>= 1n
}
if (sn !== 0n || r.toString('base64') !== root) fail('the document is not in the tree')
console.log('proven')
