//! One run of a tape: which op a line is, what it needs to know, and what it is answered with.
//! A line changes nothing unless all of it was understood.

use engine::witness::state_digest;
use orison_core::command::{
    AccountRef, Actor, Cancel, Direction, EndOfDay, Link, Pair, StatusChange, Target, Uncross,
};
use orison_core::{
    AccountId, AccountName, AssetName, ClientOrderId, Command, InstrumentId, Symbol,
};

use super::account::{read_account, read_transfer};
use super::answer::{
    put_balances, put_book, put_digest, put_done, put_error, put_events, put_positions,
};
use super::engine::{Engine, EngineError};
use super::fields::{Fields, LineError};
use super::order::{Head, Market, account_of, read_amend, read_mass_cancel, read_new, read_target};
use super::settings::{
    default_spec, default_symbol, read_external_depth, read_external_trade, read_instrument,
    read_liquidation, read_pray, read_ticker,
};
use super::{LineEnd, Options};
use crate::form::names::ClientNames;
use crate::form::words::STATUSES;
use crate::player::Player;

pub(super) struct Session {
    engine: Engine,
    names: ClientNames,
    now_ns: u64,
    line_end: LineEnd,
    out: Vec<u8>,
}

/// A line that cannot be answered ends the run; one that is not understood does not.
enum Failed {
    Line(LineError),
    Engine(EngineError),
}

impl From<LineError> for Failed {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl Session {
    pub(super) fn start(options: &Options) -> Result<Self, EngineError> {
        let engine = match &options.journal {
            Some(directory) => Engine::journaled(directory, &options.instruments)?,
            None => Engine::in_memory(&options.instruments)?,
        };
        let now_ns = engine.player().at().time_ns;
        let names = ClientNames::of_views(&engine.player().views);
        Ok(Self { engine, names, now_ns, line_end: options.line_end, out: Vec::new() })
    }

    /// The answer to one line, complete with its newlines.
    pub(super) fn line(
        &mut self,
        line: u64,
        text: Result<&str, LineError>,
    ) -> Result<&[u8], EngineError> {
        self.out.clear();
        match text.map_err(Failed::Line).and_then(|text| self.understand(text)) {
            Ok(()) => {}
            Err(Failed::Line(error)) => put_error(&mut self.out, line, &error),
            Err(Failed::Engine(error)) => return Err(error),
        }
        if self.line_end == LineEnd::Done {
            put_done(&mut self.out, line, self.engine.player().at().sequence.0);
        }
        Ok(&self.out)
    }

    pub(super) fn finish(self) -> Result<(), EngineError> {
        self.engine.close()
    }

    fn understand(&mut self, text: &str) -> Result<(), Failed> {
        let mut fields = Fields::parse(text)?;
        let op = fields.required_text("op")?.into_owned();
        match op.as_str() {
            "new" => self.new_order(fields),
            "oco" => self.pair(fields, &op, Link::Oco),
            "oto" => self.pair(fields, &op, Link::Oto),
            "cancel" => self.cancel(fields),
            "amend" => self.amend(fields),
            "mass_cancel" => self.mass_cancel(fields),
            "instrument" => self.instrument(fields),
            "status" => self.status(fields),
            "uncross" => self.uncross(fields),
            "end_of_day" => self.end_of_day(fields),
            "time" => self.time(fields),
            "deposit" => self.transfer(fields, &op, Direction::Deposit),
            "withdraw" => self.transfer(fields, &op, Direction::Withdraw),
            "book" => self.book(fields),
            "positions" => self.positions(fields),
            "balances" => self.balances(fields),
            "digest" => self.digest(fields),
            "account" => {
                let spec = read_account(&mut fields)?;
                self.whole(fields, &op, Command::Account(spec))
            }
            "pray" => {
                let pray = read_pray(&mut fields)?;
                self.whole(fields, &op, Command::Pray(pray))
            }
            "ticker" => {
                let ticker = read_ticker(&mut fields)?;
                self.whole(fields, &op, Command::Ticker(ticker))
            }
            "liquidation" => {
                let liquidation = read_liquidation(&mut fields)?;
                self.whole(fields, &op, Command::Liquidation(liquidation))
            }
            "external_trade" => {
                let trade = read_external_trade(&mut fields)?;
                self.whole(fields, &op, Command::ExternalTrade(trade))
            }
            "external_depth" => {
                let depth = read_external_depth(&mut fields)?;
                self.whole(fields, &op, Command::ExternalDepth(depth))
            }
            _ => Err(LineError::UnknownOp { op }.into()),
        }
    }

    /// A command whose line has nothing more to say.
    fn whole(&mut self, fields: Fields<'_>, op: &str, command: Command) -> Result<(), Failed> {
        fields.finish(op)?;
        self.apply(&command)
    }

    fn apply(&mut self, command: &Command) -> Result<(), Failed> {
        let events = self.engine.apply(self.now_ns, command)?;
        events.iter().for_each(|event| self.names.on_event(event));
        let catalog = &self.engine.player().views.catalog;
        put_events(&mut self.out, self.engine.events(), catalog, &self.names);
        Ok(())
    }

    fn new_order(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let Head { id, account, symbol } = Head::read(&mut fields)?;
        let account = account.unwrap_or_else(|| account_of(&id));
        let symbol = symbol.unwrap_or_else(default_symbol);
        let mut order = read_new(&mut fields, &self.market(&symbol), id, account)?;
        fields.finish("new")?;
        order.instrument = self.opened(&symbol)?;
        self.apply(&Command::Place(order))
    }

    /// What a leg does not name is what the line names; else the account is that of the other leg,
    /// at last the one named like the first.
    fn pair(&mut self, mut fields: Fields<'_>, op: &str, link: Link) -> Result<(), Failed> {
        let [mut first, mut second] = match link {
            Link::Oco => fields.required_pair("legs")?,
            Link::Oto => [fields.required_object("parent")?, fields.required_object("child")?],
        };
        let symbol = fields.name("symbol")?.unwrap_or_else(default_symbol);
        let account: Option<AccountName> = fields.name("account")?;
        fields.finish(op)?;
        let heads = [Head::read(&mut first)?, Head::read(&mut second)?];
        let named = account.or(heads[0].account).or(heads[1].account);
        let default = named.unwrap_or_else(|| account_of(&heads[0].id));
        let symbols = [&heads[0], &heads[1]].map(|head| head.symbol.unwrap_or(symbol));
        let leg = |mut fields: Fields<'_>, head: &Head, symbol: &Symbol| {
            // A line of its own says so; a leg may.
            fields.word("op", &[("new", ())])?;
            let account = head.account.unwrap_or(default);
            let order = read_new(&mut fields, &self.market(symbol), head.id, account)?;
            fields.finish(op).map(|()| order)
        };
        let mut legs = [leg(first, &heads[0], &symbols[0])?, leg(second, &heads[1], &symbols[1])?];
        for (leg, symbol) in legs.iter_mut().zip(&symbols) {
            leg.instrument = self.opened(symbol)?;
        }
        self.apply(&Command::Pair(Pair { link, legs }))
    }

    fn cancel(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let (id, account) = read_target(&mut fields)?;
        let account = self.whose(&id, account);
        self.whole(
            fields,
            "cancel",
            Command::Cancel(Cancel { account, target: Target::Client(id) }),
        )
    }

    fn amend(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let (id, account) = read_target(&mut fields)?;
        let account = self.whose(&id, account);
        let market = self.market_of_order(account, &id);
        let amend = read_amend(&mut fields, &market, account, id)?;
        self.whole(fields, "amend", Command::Amend(amend))
    }

    fn mass_cancel(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let symbol: Option<Symbol> = fields.name("symbol")?;
        let mut mass = read_mass_cancel(&mut fields)?;
        fields.finish("mass_cancel")?;
        mass.instrument = symbol.map(|symbol| self.opened(&symbol)).transpose()?;
        self.apply(&Command::MassCancel(mass))
    }

    fn instrument(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let symbol = fields.name("symbol")?.unwrap_or_else(default_symbol);
        let is_known = self.engine.player().exchange.instrument(&symbol).is_some();
        let known = is_known.then(|| self.market(&symbol));
        let decimals = |asset: &AssetName| self.asset_decimals(asset);
        let spec = read_instrument(&mut fields, symbol, known, decimals)?;
        self.whole(fields, "instrument", Command::Instrument(spec))
    }

    fn status(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let symbol = fields.name("symbol")?.unwrap_or_else(default_symbol);
        let status = fields.required_word("status", STATUSES)?;
        fields.finish("status")?;
        let instrument = self.opened(&symbol)?;
        self.apply(&Command::Status(StatusChange { instrument, status, actor: Actor::EMPTY }))
    }

    fn uncross(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let symbol = fields.name("symbol")?.unwrap_or_else(default_symbol);
        fields.finish("uncross")?;
        let instrument = self.opened(&symbol)?;
        self.apply(&Command::Uncross(Uncross { instrument, actor: Actor::EMPTY }))
    }

    /// Of every instrument, if none is named.
    fn end_of_day(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let symbol: Option<Symbol> = fields.name("symbol")?;
        fields.finish("end_of_day")?;
        let instrument = symbol.map(|symbol| self.opened(&symbol)).transpose()?;
        self.apply(&Command::EndOfDay(EndOfDay { instrument, actor: Actor::EMPTY }))
    }

    fn transfer(
        &mut self,
        mut fields: Fields<'_>,
        op: &str,
        direction: Direction,
    ) -> Result<(), Failed> {
        let transfer = read_transfer(&mut fields, direction)?;
        fields.finish(op)?;
        self.open_asset(&transfer.asset)?;
        self.apply(&Command::Transfer(transfer))
    }

    fn time(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let time_ns = fields.required_integer("ts")?;
        fields.finish("time")?;
        let now_ns = self.now_ns;
        if time_ns < now_ns {
            return Err(LineError::Backwards { time_ns, now_ns }.into());
        }
        self.now_ns = time_ns;
        self.apply(&Command::Clock)
    }

    fn book(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let symbol = fields.name("symbol")?.unwrap_or_else(default_symbol);
        fields.finish("book")?;
        let exchange = &self.engine.player().exchange;
        let instrument = exchange.instrument(&symbol);
        if instrument.is_none() && symbol != default_symbol() {
            return Err(LineError::UnknownSymbol { symbol: symbol.to_string() }.into());
        }
        put_book(&mut self.out, &symbol, instrument, exchange, &self.names);
        Ok(())
    }

    fn positions(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let account = self.asked(&mut fields)?;
        fields.finish("positions")?;
        put_positions(&mut self.out, &self.engine.player().views, account);
        Ok(())
    }

    fn balances(&mut self, mut fields: Fields<'_>) -> Result<(), Failed> {
        let account = self.asked(&mut fields)?;
        fields.finish("balances")?;
        put_balances(&mut self.out, self.engine.player(), account, &self.names);
        Ok(())
    }

    /// Whose is asked for. None: everybody's; number 0, which is nobody's, of an unknown name.
    fn asked(&self, fields: &mut Fields<'_>) -> Result<Option<AccountId>, LineError> {
        let name: Option<AccountName> = fields.name("account")?;
        let catalog = &self.engine.player().views.catalog;
        Ok(name.map(|name| catalog.account(&name).unwrap_or_default()))
    }

    fn digest(&mut self, fields: Fields<'_>) -> Result<(), Failed> {
        fields.finish("digest")?;
        let player = self.engine.player();
        let state = state_digest(&player.exchange);
        let events = player.witness.digests().events;
        put_digest(&mut self.out, player.at().sequence.0, &state, &events);
        Ok(())
    }

    /// What the numbers of a line about this symbol are counted in. The default instrument is
    /// there before its first line is.
    fn market(&self, symbol: &Symbol) -> Market {
        let views = &self.engine.player().views;
        match views.catalog.instrument_named(symbol) {
            Some(instrument) => {
                let quote = views.catalog.asset(instrument.quote);
                let quote_decimals = quote.map_or(0, |asset| asset.decimals);
                Market { instrument: Some(*instrument), quote_decimals }
            }
            None if *symbol == default_symbol() => {
                let spec = default_spec(*symbol);
                Market::planned(&spec, self.asset_decimals(&spec.quote))
            }
            None => Market::UNKNOWN,
        }
    }

    fn market_of_order(&self, account: AccountRef, id: &ClientOrderId) -> Market {
        let Player { exchange, views, .. } = self.engine.player();
        let account = match account {
            AccountRef::Id(account) => Some(account),
            AccountRef::Name(name) => exchange.account(&name),
        };
        let order = account.and_then(|account| views.orders.by_client(account, id));
        let instrument = order.and_then(|order| views.catalog.instrument(order.instrument));
        instrument.map_or(Market::UNKNOWN, |instrument| self.market(&instrument.symbol))
    }

    /// The instrument of that symbol; 0: there is none. The default one is created here.
    fn opened(&mut self, symbol: &Symbol) -> Result<InstrumentId, EngineError> {
        let known = self.engine.player().exchange.instrument(symbol);
        if let Some(instrument) = known {
            return Ok(instrument.id);
        }
        if *symbol != default_symbol() {
            return Ok(InstrumentId::default());
        }
        self.engine.apply(self.now_ns, &Command::Instrument(default_spec(*symbol)))?;
        let created = self.engine.player().exchange.instrument(symbol);
        Ok(created.map_or(InstrumentId::default(), |instrument| instrument.id))
    }

    /// None: no instrument names it.
    fn asset_decimals(&self, name: &AssetName) -> Option<u8> {
        let catalog = &self.engine.player().views.catalog;
        let assets = catalog.instruments().iter().flat_map(|known| [known.base, known.quote]);
        let asset =
            assets.filter_map(|asset| catalog.asset(asset)).find(|known| known.name == *name);
        asset.map(|asset| asset.decimals)
    }

    /// The assets of the default instrument are there before its first line is.
    fn open_asset(&mut self, asset: &AssetName) -> Result<(), EngineError> {
        let spec = default_spec(default_symbol());
        if [spec.base, spec.quote].contains(asset) && self.asset_decimals(asset).is_none() {
            self.opened(&spec.symbol)?;
        }
        Ok(())
    }

    /// The account that is named; else that of the latest order of this id in any account.
    fn whose(&self, id: &ClientOrderId, account: Option<AccountName>) -> AccountRef {
        if let Some(account) = account {
            return AccountRef::Name(account);
        }
        let latest = self.names.latest_account(id).map(AccountRef::Id);
        latest.unwrap_or_else(|| AccountRef::Name(account_of(id)))
    }
}
