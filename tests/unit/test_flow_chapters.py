"""Every chapter of core/flow has tests of its own, which drive it through flow_bench.

A chapter that comes without them fails here, and so does a test that has gone.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

UNIT = Path(__file__).parent
FLOW = UNIT.parents[1] / "fastlb/core/flow"

# What only this chapter does, its bounds, and what happens when it fails.
TESTED: dict[str, tuple[str, ...]] = {
    "ajp": (
        "test_a_request_is_forwarded_as_httpd_does",
        "test_the_first_piece_of_a_body_is_not_waited_for",
        "test_a_bad_packet_is_502_and_ends_the_connection",
    ),
    "gateways": (
        "test_an_application_gets_what_cgi_says",
        "test_fastcgi_gets_a_body_in_records",
        "test_a_programs_answer_is_one_of_http",
    ),
    "codecs": (
        "test_a_request_is_forwarded_as_httpd_does",
        "test_a_question_is_asked_of_such_a_member",
    ),
    "coded": (
        "test_what_is_small_waits_for_more_unless_it_is_to_be_seen",
        "test_a_body_that_breaks_within_is_seen_by_the_client",
        "test_a_member_that_is_lost_is_followed_by_another_one",
        "test_a_ping_without_an_answer_is_tried_once_more",
    ),
    "accept": (
        "test_connections_beyond_a_bound_wait_in_the_backlog",
        "test_without_a_descriptor_a_client_waits",
        "test_a_worker_that_is_ahead_leaves_the_backlog_to_the_others",
        "test_a_drain_takes_who_waits_in_the_backlog_and_nobody_after",
    ),
    "follow": (
        "test_the_steps_of_a_request_are_told",
        "test_only_what_is_sought_is_followed",
        "test_a_reader_that_is_slow_is_told_of_whole_requests",
        "test_another_try_and_its_reason_are_steps",
    ),
    "under_way": (
        "test_a_request_is_told_once_it_takes_longer_than_a_tick",
        "test_each_state_is_told",
        "test_of_many_the_oldest_are_told_in_order",
        "test_a_lie_lasts_a_tick",
    ),
    "session": (
        "test_the_first_answer_sets_it_and_the_others_do_not",
        "test_members_never_see_it",
        "test_another_try_names_who_has_answered",
        "test_half_of_max_age_makes_it_anew",
    ),
    "decided": (
        "test_a_name_is_looked_up_beside_the_requests_once_a_connection",
        "test_a_look_up_that_finds_another_name_or_takes_too_long_is_a_denial",
    ),
    "answer": (
        "test_what_is_not_mapped",
        "test_an_error_document_of_a_member_is_asked_for_by_get",
        "test_services_that_fail_cost_a_page_and_not_the_connection",
    ),
    "file_answer": ("test_a_file_that_is_small_goes_out_with_its_head",),
    "file_send": (
        "test_a_large_file_waits_for_a_slow_client",
        "test_a_client_that_leaves_or_takes_nothing_closes_the_file",
        "test_a_file_that_shrinks_is_never_made_up",
        "test_a_file_that_is_open_and_not_sent_is_closed",
    ),
    "files": (
        "test_a_directory_has_its_index_its_slash_and_else_nothing",
        "test_what_is_not_there_falls_back",
    ),
    "listing": (
        "test_a_directory_is_listed_where_options_allow_it",
        "test_others_are_served_while_a_large_directory_is_read",
        "test_a_client_that_leaves_ends_what_is_read_for_it",
        "test_header_and_readme_are_what_a_request_would_get",
    ),
    "listing_read": (
        "test_what_a_request_may_not_have_is_not_shown",
        "test_links_are_shown_that_may_be_followed",
        "test_a_page_is_bounded_and_says_so",
    ),
    "listing_said": (
        "test_ignored_names_and_forbidden_ones_that_are_shown",
        "test_the_query_chooses_order_and_form",
    ),
    "listing_order": ("test_the_query_chooses_order_and_form",),
    "listing_page": (
        "test_hostile_names_open_no_tag_and_lead_to_themselves",
        "test_a_slow_client_gets_the_whole_page",
    ),
    "opening": (
        "test_what_opening_finds",
        "test_options_hold_from_their_directory_on",
    ),
    "again": (
        "test_what_may_be_sent_twice_is_given_to_another_member",
        "test_a_budget_that_is_used_up_ends_it_and_is_told_once",
        "test_an_answer_of_these_statuses_is_not_passed_on",
    ),
    "ejected": (
        "test_a_member_that_fails_requests_is_out_for_a_while",
        "test_what_counts_as_a_failure",
    ),
    "elected": (
        "test_who_names_a_route_is_served_there",
        "test_the_last_answer_goes_through_as_it_is",
    ),
    "attempt": (
        "test_an_answer_is_timed_where_the_method_asks_for_it",
        "test_no_member_answers_for_a_slow_client",
        "test_all_that_were_tried_are_busy_until_the_end",
        "test_what_one_member_did_is_not_counted_against_the_next",
        "test_a_body_that_was_kept_goes_to_the_next_connection_whole",
    ),
    "begin": (
        "test_a_head_that_is_refused_is_the_last_of_its_connection",
        "test_the_authority_of_the_target_replaces_host",
    ),
    "early": (
        "test_what_follows_a_head_stays_what_it_is",
        "test_a_rule_says_nothing_about_the_body",
        "test_a_host_that_no_host_is_is_refused",
    ),
    "choose": (
        "test_503_when_all_refuse",
        "test_nobody_else_is_asked_where_that_is_forbidden",
        "test_who_names_a_route_is_served_there",
        "test_a_member_that_is_down_is_not_asked_directly_either",
    ),
    "connect": (
        "test_a_tunnel_to_where_the_client_says",
        "test_a_connect_that_is_refused",
        "test_a_name_that_leads_nowhere_or_takes_too_long",
    ),
    "connecting": (
        "test_addresses_are_tried_in_order",
        "test_a_member_behind_a_unix_socket",
        "test_a_connection_begins_at_proxysourceaddress",
    ),
    "downstream": (
        "test_what_a_refused_client_still_sends_is_read_away",
        "test_new_clients_take_the_place_of_those_that_are_silent_longest",
        "test_a_draining_worker_gives_the_silent_time_and_others_an_answer",
    ),
    "downstream_events": (
        "test_pipelined_requests_are_answered_one_after_the_other",
        "test_a_request_is_served_whatever_pieces_it_comes_in",
        "test_a_silent_connection_is_closed_when_its_time_is_over",
    ),
    "due": (
        "test_the_second_member_is_asked_in_the_turn_in_which_the_first_is_lost",
        "test_an_error_document_of_a_member_is_asked_for_by_get",
    ),
    "engine": (
        "test_an_abort_leaves_nothing",
        "test_a_lone_worker_tells_of_tunnels_that_timed_out",
    ),
    "events": (
        "test_an_abort_leaves_nothing",
        "test_how_long_a_request_may_take",
        "test_a_connection_from_before_an_error_is_not_used_again",
    ),
    "exchange": (
        "test_a_body_of_which_part_is_gone_is_not_sent_again",
        "test_a_response_of_known_length",
    ),
    "explain": (
        "test_the_way_to_a_member_is_told_with_places",
        "test_what_lost_is_told_too",
        "test_access_is_told_rule_by_rule",
        "test_how_a_request_ends",
    ),
    "explained": (
        "test_what_lost_is_told_too",
        "test_access_is_told_rule_by_rule",
        "test_sections_by_expression_are_told",
    ),
    "hash_key": (
        "test_requests_of_one_key_go_to_one_member",
        "test_a_client_is_known_by_its_address",
        "test_without_a_key_members_are_drawn",
    ),
    "heads": (
        "test_a_head_grows_through_all_sizes_of_buffers",
        "test_only_so_many_large_heads_are_read_at_once",
        "test_who_waits_for_room_longer_than_a_head_may_take_is_told",
    ),
    "entity": (
        "test_parts_of_a_large_file_go_out_with_what_stands_between_them",
        "test_a_file_that_somebody_is_to_run_is_not_sent",
        "test_a_tag_is_what_fileetag_says_of_all_sections",
    ),
    "labels": (
        "test_a_charset_goes_behind_rules_and_a_type_before_them",
        "test_how_long_it_may_be_kept_begins_with_the_request",
        "test_languages_and_encodings_may_need_more_room_than_scratch",
    ),
    "listeners": (
        "test_connections_beyond_a_bound_wait_in_the_backlog",
        "test_without_a_descriptor_a_client_waits",
    ),
    "log_rows": ("test_what_is_no_response_is_answered_502",),
    "filtering": (
        "test_what_a_member_has_sent_when_it_pauses_is_given",
        "test_half_a_body_is_seen_to_be_half",
        "test_a_client_that_does_not_read_holds_little",
        "test_beyond_a_bound_bodies_go_as_they_are",
        "test_what_is_no_gzip_breaks_the_answer",
        "test_a_bomb_is_not_unpacked",
    ),
    "lone": (
        "test_a_lone_worker_serves_its_tunnels_and_ends_with_the_last",
        "test_a_lone_worker_tells_of_tunnels_that_it_closed",
        "test_a_lone_worker_tells_of_tunnels_that_timed_out",
    ),
    "member": (
        "test_a_connection_serves_only_the_name_it_was_made_for",
        "test_a_member_that_is_too_slow",
    ),
    "pipes": (
        "test_a_pipe_with_bytes_in_it_serves_nobody_else",
        "test_without_descriptors_for_pipes_bodies_are_copied",
    ),
    "kept": (
        "test_a_request_that_goes_once_takes_no_connection_that_may_be_closing",
        "test_a_member_that_says_how_long_it_keeps_connections_is_believed",
    ),
    "pool": (
        "test_the_connection_that_served_last_serves_next",
        "test_one_that_its_member_ended_or_spoke_on_is_not_used_again",
        "test_how_many_idle_connections_are_kept",
        "test_where_descriptors_end_an_idle_connection_makes_way",
        "test_what_is_idle_ends_with_the_next_tick_when_its_member_goes",
    ),
    "question": (
        "test_a_question_is_a_try_of_its_own",
        "test_an_answer_to_a_question_comes_in_any_pieces",
        "test_a_question_that_waits_for_room_goes_on",
        "test_a_question_goes_with_its_client",
    ),
    "queue": (
        "test_requests_beyond_max_wait_in_order",
        "test_who_waits_longer_than_acquire_is_answered_503",
        "test_when_acquire_is_over_another_member_is_asked",
        "test_with_timeout_a_request_waits_until_anybody_can_be_asked",
        "test_those_who_wait_for_anybody_are_served_in_order",
    ),
    "places": (
        "test_who_finds_no_place_waits_in_order",
        "test_nobody_comes_before_those_who_wait",
        "test_places_of_another_worker_count_and_are_missed_when_they_are_free",
        "test_a_worker_with_more_than_its_part_leaves_what_comes_free_to_others",
        "test_a_session_waits_for_its_own_member_and_holds_nobody_up",
    ),
    "waiting": (
        "test_requests_beyond_max_wait_in_order",
        "test_those_who_wait_for_anybody_are_served_in_order",
    ),
    "read_time": (
        "test_how_long_a_request_may_take",
        "test_the_time_of_the_member_is_not_the_clients",
    ),
    "request": (
        "test_a_body_is_held_back_for_the_members_100",
        "test_a_short_chunked_body_gets_a_length",
        "test_a_body_of_which_part_is_gone_is_not_sent_again",
        "test_a_body_that_is_broken_or_ends_early",
    ),
    "response": (
        "test_a_response_of_known_length",
        "test_what_is_no_response_is_answered_502",
        "test_a_body_that_is_cut_is_cut_for_the_client",
        "test_a_client_that_reads_nothing_holds_its_member_up",
    ),
    "rewrite": (
        "test_the_head_that_a_member_gets",
        "test_framing_is_ours_whatever_rules_say",
        "test_a_head_that_finds_no_buffer_is_refused",
    ),
    "rewrite_answer": (
        "test_the_head_that_a_client_gets",
        "test_a_status_line_is_passed_on_as_it_came",
        "test_a_kept_connection_of_http_1_0_is_told_so",
        "test_draining_answers_close",
    ),
    "route": (
        "test_what_is_answered_before_a_member_is_asked",
        "test_more_sections_than_one_request_may_have_are_an_error",
        "test_a_target_that_climbs_is_not_asked_for",
    ),
    "row": (
        "test_a_worker_says_what_it_has",
        "test_what_another_wrote_over_is_said_again_with_the_next_tick",
    ),
    "remote": (
        "test_a_member_with_tls_is_reached_through_a_tunnel",
        "test_a_proxy_that_makes_no_tunnel_loses_the_member",
    ),
    "secure": (
        "test_nothing_is_sent_before_a_certificate_was_judged",
        "test_a_member_that_speaks_no_tls_is_sent_nothing",
    ),
    "send": (
        "test_a_body_is_held_back_for_the_members_100",
        "test_ping_asks_for_a_100_of_our_own",
    ),
    "service_log": (
        "test_a_member_that_refuses",
        "test_a_name_without_an_address",
    ),
    "services": (
        "test_services_that_fail_cost_a_page_and_not_the_connection",
        "test_a_handler_answers_with_what_it_was_asked",
    ),
    "settle": (
        "test_a_request_is_busy_counted_and_logged_until_its_answer_has_gone",
        "test_with_a_client_that_breaks_off_its_member_is_left",
        "test_only_a_reset_tells_that_a_body_until_the_close_is_cut",
    ),
    "splice": (
        "test_a_body_on_its_way_through_a_pipe_holds_no_buffer",
        "test_a_pipe_with_bytes_in_it_serves_nobody_else",
        "test_without_descriptors_for_pipes_bodies_are_copied",
        "test_a_large_body_that_is_cut_is_cut_for_the_client",
    ),
    "states": ("test_a_tunnel_keeps_a_worker_and_says_that_it_is_all",),
    "steps": (
        "test_a_body_that_does_not_come_is_answered_408",
        "test_a_balancer_waits_no_longer_than_its_timeout",
    ),
    "trailers": (
        "test_trailers_of_a_request_follow_its_body",
        "test_trailers_of_an_answer_follow_its_body",
        "test_trailers_are_bounded",
    ),
    "tunnel": (
        "test_a_101_to_anything_else_is_502",
        "test_the_end_of_one_side_is_passed_on_and_the_other_goes_on",
        "test_nothing_is_read_while_the_other_side_takes_nothing",
        "test_a_side_that_is_lost_ends_the_other",
    ),
    "upstream": (
        "test_only_a_session_whose_certificate_was_good_is_resumed",
        "test_one_that_is_idle_for_longer_than_ttl_is_closed",
    ),
    "upstream_events": (
        "test_a_member_that_does_not_answer_is_waited_for_as_connectiontimeout_says",
        "test_a_reused_connection_that_dies_unanswered_is_replaced_once",
        "test_an_idle_connection_is_closed_when_its_member_ends_it",
    ),
    "work": (
        "test_requests_beyond_maxrequestworkers_wait_in_order",
        "test_a_tunnel_gives_its_place_back",
        "test_slots_that_are_not_used_are_given_up_on_a_tick",
    ),
}


@cache
def there_are() -> set[str]:
    found = set()
    for path in UNIT.glob("test_flow_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert node.name not in found, f"two tests are called {node.name}"
                found.add(node.name)
    return found


def test_every_chapter_has_tests() -> None:
    chapters = {path.stem for path in FLOW.glob("*.pyx")}
    assert chapters == set(TESTED), "core/flow and the table are of two minds"


@pytest.mark.parametrize("chapter", TESTED)
def test_the_tests_of_a_chapter_exist(chapter: str) -> None:
    assert set(TESTED[chapter]) <= there_are()
