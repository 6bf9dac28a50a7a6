//! What a refusal says to people, in both languages; two texts are fixed by the seeds.

use orison_core::Reason;

use crate::language::Message;

pub(super) fn message(reason: Reason) -> Message {
    let (english, korean) = match reason {
        Reason::UnknownSymbol => {
            return Message::of_seeds("the symbol is not supported", "지원하지 않는 심볼입니다");
        }
        Reason::BadQuantity => {
            return Message::of_seeds(
                "the quantity must be greater than 0",
                "수량은 0보다 커야 합니다",
            );
        }
        Reason::UnknownOrder => {
            ("the order is not known, or no longer open", "알 수 없거나 이미 끝난 주문입니다")
        }
        Reason::UnknownAccount => ("the account is not known", "알 수 없는 계정입니다"),
        Reason::UnknownAsset => ("the asset is not known", "알 수 없는 자산입니다"),
        Reason::BadPrice => (
            "the price must be above 0 and a multiple of the price step",
            "가격은 0보다 크고 호가 단위의 배수여야 합니다",
        ),
        Reason::BadAmount => ("the amount is not valid", "금액이 올바르지 않습니다"),
        Reason::BadStop => {
            ("the stop price or trail is not valid", "스톱 가격이 올바르지 않습니다")
        }
        Reason::BadDisplay => (
            "the display quantity must be above 0 and at most the quantity",
            "표시 수량은 0보다 크고 주문 수량 이하여야 합니다",
        ),
        Reason::BadExpiry => ("the expiry is not valid", "만료 시각이 올바르지 않습니다"),
        Reason::BadCombination => ("these fields do not go together", "함께 쓸 수 없는 조건입니다"),
        Reason::BadStatus => {
            ("the change of status makes no sense now", "현재 상태에서 할 수 없는 변경입니다")
        }
        Reason::PriceBand => ("the price is outside the price band", "가격 제한폭을 벗어났습니다"),
        Reason::MinQuantity => {
            ("less than the minimum quantity can trade now", "최소 체결 수량을 채울 수 없습니다")
        }
        Reason::PostOnly => ("a post-only order would trade", "Post-only 주문이 즉시 체결됩니다"),
        Reason::Fok => ("the order cannot be filled completely", "전량 체결할 수 없습니다"),
        Reason::NoLiquidity => ("there is nothing to trade with", "체결할 상대 호가가 없습니다"),
        Reason::InsufficientFunds => ("the account has too little", "잔고가 부족합니다"),
        Reason::Overflow => (
            "the amounts are larger than the exchange can count",
            "거래소가 다룰 수 있는 범위를 넘었습니다",
        ),
        Reason::DuplicateClientOrderId => (
            "the client_order_id was used for another order",
            "client_order_id가 다른 주문에 이미 쓰였습니다",
        ),
        Reason::OrderLimit => {
            ("a limit of the account for its orders is reached", "계정의 주문 한도를 넘었습니다")
        }
        Reason::RateLimit => ("too many requests", "요청이 너무 많습니다"),
        Reason::PositionLimit => ("the position limit is reached", "포지션 한도에 도달했습니다"),
        Reason::AccountLimit => ("no more accounts can be opened", "계정을 더 열 수 없습니다"),
        Reason::AccountDisabled => ("the account is disabled", "사용이 중지된 계정입니다"),
        Reason::Halted => ("trading is halted", "거래가 정지되었습니다"),
        Reason::Auction => ("not possible during an auction", "단일가 매매 중에는 할 수 없습니다"),
        Reason::Closed => ("the market is closed", "장이 마감되었습니다"),
        Reason::BookFull => ("no more orders can be held", "주문을 더 받을 수 없습니다"),
        Reason::JournalFull => ("the journal is nearly full", "저널 공간이 부족합니다"),
    };
    Message::ours(english, korean)
}
