import { describe, expect, it } from 'vitest';
import { companyDomain, companyDomainOf } from '../../domain/account/company-domain.ts';

describe('the company of a mail address', () => {
  it('is its registrable domain', () => {
    expect(companyDomain('petersen@modehaus.de')).toBe('modehaus.de');
    expect(companyDomain('petersen@mail.hamburg.modehaus.de')).toBe('modehaus.de');
    expect(companyDomain('jane@sales.acme.co.uk')).toBe('acme.co.uk');
    expect(companyDomain('tanja@example.org')).toBe('example.org');
    expect(companyDomain('tanja@example.com')).toBe('example.com');
    expect(companyDomain('tanja@shop.federkiel.example')).toBe('federkiel.example');
    expect(companyDomain('info@xn--bcher-kva.de')).toBe('xn--bcher-kva.de');
  });

  it('keeps companies apart that share a suffix which a registry sells privately', () => {
    expect(companyDomain('a@firma.com.de')).toBe('firma.com.de');
    expect(companyDomain('a@laden.com.de')).toBe('laden.com.de');
  });

  it('is none at a public mailbox provider', () => {
    const providers = [
      ...[
        'gmail.com',
        'googlemail.com',
        'gmx.de',
        'gmx.net',
        'gmx.at',
        'gmx.ch',
        'web.de',
        't-online.de',
        'freenet.de',
      ],
      ...[
        'posteo.de',
        'posteo.net',
        'mailbox.org',
        'proton.me',
        'protonmail.com',
        'tutanota.com',
        'tuta.io',
        'mail.de',
      ],
      ...['outlook.com', 'outlook.de', 'hotmail.de', 'live.de', 'icloud.com', 'yahoo.de', 'yahoo.co.uk', 'aol.de'],
      ...['vodafone.de', 'o2online.de', 'netcologne.de', 'bluewin.ch', 'hispeed.ch', 'aon.at', 'a1.net', 'orange.fr'],
    ];
    expect(providers.filter((domain) => companyDomain(`somebody@${domain}`) !== null)).toEqual([]);
    expect(companyDomain('somebody@mail.gmx.de')).toBeNull();
    // The list has this part of rr.com only.
    expect(companyDomain('somebody@austin.rr.com')).toBeNull();
  });

  it('is none at providers of throw-away and hidden addresses', () => {
    for (const domain of ['mailinator.com', 'trashmail.de', '10minutemail.com', 'duck.com', 'privaterelay.appleid.com'])
      expect(companyDomain(`somebody@${domain}`)).toBeNull();
  });

  it('is none where nobody can register a name', () => {
    for (const domain of ['localhost', 'mail.internal', 'server.local', 'co.uk', 'de', '127.0.0.1'])
      expect(companyDomain(`somebody@${domain}`)).toBeNull();
  });

  it('can be asked for by a domain as people write it', () => {
    expect(companyDomainOf(' WWW.Modehaus.DE. ')).toBe('modehaus.de');
    expect(companyDomainOf('bücher.de')).toBe('xn--bcher-kva.de');
    for (const text of ['group-77', '4711', '', 'Modehaus GmbH', 'gmx.de', 'a b.de', 'https://modehaus.de'])
      expect(companyDomainOf(text)).toBeNull();
  });
});
